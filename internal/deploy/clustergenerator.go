package deploy

import (
	"errors"
	"fmt"

	"gate/internal/config"
	"gate/internal/doc"
	"gate/internal/selector"

	selectors "k8s.io/apimachinery/pkg/labels"
)

// What Argo CD knows without being told: the cluster that it runs in, which has
// no labels, and the label of the Secrets of all others.
const (
	localCluster   = "in-cluster"
	localServer    = "https://kubernetes.default.svc"
	secretType     = "argocd.argoproj.io/secret-type"
	secretTypeName = "cluster"
)

// clusters runs over the clusters that the configuration lists:
// https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Generators-Cluster/
func (g generators) clusters(body map[string]any) ([]map[string]any, error) {
	if len(g.planner.clusters) == 0 {
		return nil, errors.New("the clusters generator needs the clusters that Argo CD knows, and .gate.yaml lists none under `clusters`")
	}
	selects, err := selector.Parse(orEmpty(body["selector"]))
	if err != nil {
		return nil, err
	}
	var sets []map[string]any
	local := selects.Empty() // a selector never finds the local cluster, unless it has a Secret
	for _, c := range g.planner.clusters {
		local = local && c.Server != localServer
		labels := selectors.Merge(selectors.Set{secretType: secretTypeName}, c.Labels)
		if selects.Matches(labels) {
			sets = append(sets, g.clusterParams(c, labels))
		}
	}
	if local {
		sets = append(sets, g.clusterParams(config.Cluster{Name: localCluster, Server: localServer}, nil))
	}
	if sets, err = g.withValues(sets, body); err != nil {
		return nil, err
	}
	if doc.Bool(body, "flatList") {
		list := []any{}
		for _, s := range sets {
			list = append(list, s)
		}
		return []map[string]any{{"clusters": list}}, nil
	}
	return sets, nil
}

func (g generators) clusterParams(c config.Cluster, labels map[string]string) map[string]any {
	set := map[string]any{"name": c.Name, "nameNormalized": normalized(c.Name), "server": c.Server, "project": c.Project}
	metadata := map[string]any{}
	for kind, texts := range map[string]map[string]string{"labels": labels, "annotations": c.Annotations} {
		all := map[string]any{}
		for k, v := range texts {
			all[k] = v
			if !g.goTemplate { // a key may have dots of its own
				set[fmt.Sprintf("metadata.%s.%s", kind, k)] = v
			}
		}
		metadata[kind] = all
	}
	set["metadata"] = metadata
	return set
}

func orEmpty(v any) any {
	if v == nil {
		return map[string]any{}
	}
	return v
}
