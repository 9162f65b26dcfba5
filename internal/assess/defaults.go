package assess

import (
	"encoding/json"
	"maps"
	"strings"

	"gate/internal/doc"

	kjson "sigs.k8s.io/json"
)

// apiForm returns an object as an admission policy sees it: decoded into its
// type and back, so that fields which are always written are there, with the
// defaults that the API server sets before admission. Custom kinds stay as
// they are, but for the defaults of their definition.
func apiForm(s *Object, manifest map[string]any) (map[string]any, error) {
	from := any(manifest)
	into := typeOf(gvkOf(s))
	if into != nil {
		if err := decodeExact(manifest, into); err != nil {
			return nil, err
		}
		from = into
	}
	out := map[string]any{}
	err := guarded(func() error {
		data, err := json.Marshal(from)
		if err != nil {
			return err
		}
		return kjson.UnmarshalCaseSensitivePreserveInts(data, &out)
	})
	if err != nil {
		return nil, err
	}
	if into != nil {
		setDefaults(s.Group, s.Kind, out)
	}
	return out, nil
}

// setDefaults sets the defaults of the API that policies commonly read
// (https://kubernetes.io/docs/reference/kubernetes-api/, "Defaults to").
func setDefaults(group, kind string, o map[string]any) {
	spec := doc.Map(o, "spec")
	if spec == nil {
		if group == "" && kind == "Secret" {
			defaults(o, map[string]any{"type": "Opaque"})
		}
		return
	}
	template := func(in map[string]any) {
		if p := doc.Map(in, "template", "spec"); p != nil {
			podDefaults(p)
		}
	}
	rolling := func() map[string]any {
		return map[string]any{"type": "RollingUpdate", "rollingUpdate": map[string]any{"maxSurge": "25%", "maxUnavailable": "25%"}}
	}
	switch group + "/" + kind {
	case "/Pod":
		podDefaults(spec)
		defaults(spec, map[string]any{"enableServiceLinks": true})
	case "/ReplicationController", "apps/ReplicaSet":
		defaults(spec, map[string]any{"replicas": int64(1)})
		template(spec)
	case "apps/Deployment":
		defaults(spec, map[string]any{"replicas": int64(1), "revisionHistoryLimit": int64(10), "progressDeadlineSeconds": int64(600)})
		fill(spec, "strategy", rolling())
		template(spec)
	case "apps/StatefulSet":
		defaults(spec, map[string]any{"replicas": int64(1), "revisionHistoryLimit": int64(10), "podManagementPolicy": "OrderedReady"})
		fill(spec, "updateStrategy", map[string]any{"type": "RollingUpdate"})
		template(spec)
	case "apps/DaemonSet":
		defaults(spec, map[string]any{"revisionHistoryLimit": int64(10)})
		fill(spec, "updateStrategy", map[string]any{"type": "RollingUpdate"})
		template(spec)
	case "batch/Job":
		defaults(spec, map[string]any{"completions": int64(1), "parallelism": int64(1), "backoffLimit": int64(6), "suspend": false})
		template(spec)
	case "batch/CronJob":
		defaults(spec, map[string]any{"concurrencyPolicy": "Allow", "suspend": false, "successfulJobsHistoryLimit": int64(3), "failedJobsHistoryLimit": int64(1)})
		template(doc.Map(spec, "jobTemplate", "spec"))
	case "/Service":
		defaults(spec, map[string]any{"type": "ClusterIP", "sessionAffinity": "None"})
		for _, p := range objectsOf(spec["ports"]) {
			defaults(p, map[string]any{"protocol": "TCP"})
			if t, set := p["targetPort"]; !set || t == int64(0) {
				p["targetPort"] = p["port"]
			}
		}
	case "/PersistentVolumeClaim":
		defaults(spec, map[string]any{"volumeMode": "Filesystem"})
	}
}

func podDefaults(p map[string]any) {
	defaults(p, map[string]any{
		"restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler",
		"terminationGracePeriodSeconds": int64(30), "securityContext": map[string]any{},
	})
	for _, v := range objectsOf(p["volumes"]) {
		if len(v) == 1 {
			v["emptyDir"] = map[string]any{}
		}
		for _, source := range []string{"secret", "configMap", "projected", "downwardAPI"} {
			if m := doc.Map(v, source); m != nil {
				defaults(m, map[string]any{"defaultMode": int64(0o644)})
			}
		}
	}
	for _, list := range []string{"initContainers", "containers", "ephemeralContainers"} {
		for _, c := range objectsOf(p[list]) {
			containerDefaults(c, p["hostNetwork"] == true)
		}
	}
}

func containerDefaults(c map[string]any, hostNetwork bool) {
	pull := "IfNotPresent"
	image := doc.Text(c, "image")
	_, tag, tagged := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	if !strings.Contains(image, "@") && (!tagged || tag == "latest") {
		pull = "Always"
	}
	defaults(c, map[string]any{
		"imagePullPolicy": pull, "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
		"resources": map[string]any{},
	})
	r := doc.Map(c, "resources")
	if limits := doc.Map(r, "limits"); limits != nil { // a request is the limit where it is not set
		requests := doc.Map(r, "requests")
		if requests == nil {
			requests = map[string]any{}
			r["requests"] = requests
		}
		defaults(requests, limits)
	}
	for _, p := range objectsOf(c["ports"]) {
		defaults(p, map[string]any{"protocol": "TCP"})
		if hostNetwork {
			defaults(p, map[string]any{"hostPort": p["containerPort"]})
		}
	}
	for _, probe := range []string{"livenessProbe", "readinessProbe", "startupProbe"} {
		if m := doc.Map(c, probe); m != nil {
			defaults(m, map[string]any{"timeoutSeconds": int64(1), "periodSeconds": int64(10), "successThreshold": int64(1), "failureThreshold": int64(3)})
			if h := doc.Map(m, "httpGet"); h != nil {
				defaults(h, map[string]any{"path": "/", "scheme": "HTTP"})
			}
		}
	}
}

// defaults sets what is absent or null.
func defaults(into, values map[string]any) {
	for k, v := range values {
		if have, set := into[k]; !set || have == nil {
			into[k] = v
		}
	}
}

// fill sets a strategy that is absent or empty: a type writes it as {}.
func fill(into map[string]any, key string, value map[string]any) {
	if len(doc.Map(into, key)) == 0 {
		into[key] = maps.Clone(value)
	}
}

// objectsOf are the elements of a list that are objects.
func objectsOf(v any) []map[string]any {
	var out []map[string]any
	for _, e := range doc.List(v) {
		if m, ok := e.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}
