package transition

import "gate/internal/facts"

// identity is what makes an object one thing in a cluster, whatever unit
// renders it and in whatever version of its group it is written.
type identity struct{ environment, target, group, kind, namespace, name string }

func identityOf(o *facts.Object) identity {
	return identity{o.Environment, o.Target, o.Group, o.Kind, o.Namespace, o.Name}
}

// Match says which object of the base each object of the head is: the result
// has an index of base, or -1, for each of head. An object of the same unit is
// the same one; else one of the same identity in the same environment and
// target, if there is exactly one on both sides: it moved. An object of the
// base that no index names is deleted.
func Match(base, head []facts.Object) []int {
	out := make([]int, len(head))
	byID := make(map[string]int, len(base))
	for i := range base {
		byID[base[i].ID] = i
	}
	taken := make([]bool, len(base))
	for i := range head {
		out[i] = -1
		// The same id in another environment or target is another object: it
		// is deleted in one cluster and created in another.
		if j, ok := byID[head[i].ID]; ok && identityOf(&base[j]) == identityOf(&head[i]) {
			out[i], taken[j] = j, true
		}
	}
	left := map[identity][]int{}
	for j := range base {
		if !taken[j] {
			left[identityOf(&base[j])] = append(left[identityOf(&base[j])], j)
		}
	}
	wanted := map[identity]int{}
	for i := range head {
		if out[i] < 0 {
			wanted[identityOf(&head[i])]++
		}
	}
	for i := range head {
		id := identityOf(&head[i])
		if out[i] < 0 && wanted[id] == 1 && len(left[id]) == 1 {
			out[i] = left[id][0]
		}
	}
	return out
}
