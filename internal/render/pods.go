package render

import (
	"sync"

	"gate/internal/config"
	"gate/internal/doc"
	"gate/internal/render/manifest"
	"gate/internal/source"
)

// podPaths leads from a kind to its pod template, for every API that runs
// pods from a template at a fixed place. The path is that of the template
// (with metadata and spec).
var podPaths = sync.OnceValue(func() map[string][]source.Path {
	return map[string][]source.Path{
		"/Pod":                              {{}},
		"/PodTemplate":                      {{"template"}},
		"/ReplicationController":            {{"spec", "template"}},
		"apps/ReplicaSet":                   {{"spec", "template"}},
		"apps/Deployment":                   {{"spec", "template"}},
		"apps/StatefulSet":                  {{"spec", "template"}},
		"apps/DaemonSet":                    {{"spec", "template"}},
		"extensions/Deployment":             {{"spec", "template"}},
		"extensions/DaemonSet":              {{"spec", "template"}},
		"extensions/ReplicaSet":             {{"spec", "template"}},
		"batch/Job":                         {{"spec", "template"}},
		"batch/CronJob":                     {{"spec", "jobTemplate", "spec", "template"}},
		"argoproj.io/Rollout":               {{"spec", "template"}},
		"serving.knative.dev/Service":       {{"spec", "template"}},
		"serving.knative.dev/Configuration": {{"spec", "template"}},
		"serving.knative.dev/Revision":      {{}},
		"apps.kruise.io/CloneSet":           {{"spec", "template"}},
		"apps.kruise.io/StatefulSet":        {{"spec", "template"}},
		"apps.kruise.io/DaemonSet":          {{"spec", "template"}},
		"apps.kruise.io/BroadcastJob":       {{"spec", "template"}},
		"apps.kruise.io/AdvancedCronJob": {
			{"spec", "template", "jobTemplate", "spec", "template"},
			{"spec", "template", "broadcastJobTemplate", "spec", "template"},
		},
		"apps.openshift.io/DeploymentConfig": {{"spec", "template"}},
		"keda.sh/ScaledJob":                  {{"spec", "jobTargetRef", "template"}},
		"agones.dev/GameServer":              {{"spec", "template"}},
		"agones.dev/Fleet":                   {{"spec", "template", "spec", "template"}},
		"agones.dev/GameServerSet":           {{"spec", "template", "spec", "template"}},
		"kubeflow.org/TFJob":                 replicaSpecs("tfReplicaSpecs", "Chief", "Master", "PS", "Worker", "Evaluator"),
		"kubeflow.org/PyTorchJob":            replicaSpecs("pytorchReplicaSpecs", "Master", "Worker"),
		"kubeflow.org/MPIJob":                replicaSpecs("mpiReplicaSpecs", "Launcher", "Worker"),
		"sparkoperator.k8s.io/SparkApplication": {
			{"spec", "driver", "template"}, {"spec", "executor", "template"},
		},
		"apps.kruise.io/UnitedDeployment": {
			{"spec", "template", "statefulSetTemplate", "spec", "template"}, {"spec", "template", "advancedStatefulSetTemplate", "spec", "template"},
			{"spec", "template", "cloneSetTemplate", "spec", "template"}, {"spec", "template", "deploymentTemplate", "spec", "template"},
		},
		"kubeflow.org/XGBoostJob": replicaSpecs("xgbReplicaSpecs", "Master", "Worker"),
		"kubeflow.org/PaddleJob":  replicaSpecs("paddleReplicaSpecs", "Master", "Worker"),
		"kubeflow.org/JAXJob":     replicaSpecs("jaxReplicaSpecs", "Worker"),
		"kubeflow.org/Notebook":   {{"spec", "template"}},
		"leaderworkerset.x-k8s.io/LeaderWorkerSet": {
			{"spec", "leaderWorkerTemplate", "leaderTemplate"}, {"spec", "leaderWorkerTemplate", "workerTemplate"},
		},
		"actions.github.com/AutoscalingRunnerSet": {{"spec", "template"}},
		"actions.github.com/EphemeralRunnerSet":   {{"spec", "ephemeralRunnerSpec"}},
		"ray.io/RayCluster":                       {{"spec", "headGroupSpec", "template"}},
		"ray.io/RayService":                       {{"spec", "rayClusterConfig", "headGroupSpec", "template"}},
		"ray.io/RayJob":                           {{"spec", "rayClusterSpec", "headGroupSpec", "template"}},
	}
})

func replicaSpecs(field string, roles ...string) []source.Path {
	out := make([]source.Path, len(roles))
	for i, r := range roles {
		out[i] = source.Path{"spec", field, r, "template"}
	}
	return out
}

// listedPods are kinds with a list of pod templates: path of the list, and of
// the template in its elements.
var listedPods = sync.OnceValue(func() map[string][][2]source.Path {
	return map[string][][2]source.Path{
		"jobset.x-k8s.io/JobSet":              {{{"spec", "replicatedJobs"}, {"template", "spec", "template"}}},
		"batch.volcano.sh/Job":                {{{"spec", "tasks"}, {"template"}}},
		"batch.volcano.sh/CronJob":            {{{"spec", "jobTemplate", "spec", "tasks"}, {"template"}}},
		"argoproj.io/AnalysisTemplate":        {{{"spec", "metrics"}, {"provider", "job", "spec", "template"}}},
		"argoproj.io/ClusterAnalysisTemplate": {{{"spec", "metrics"}, {"provider", "job", "spec", "template"}}},
		"ray.io/RayCluster":                   {{{"spec", "workerGroupSpecs"}, {"template"}}},
		"ray.io/RayService":                   {{{"spec", "rayClusterConfig", "workerGroupSpecs"}, {"template"}}},
		"ray.io/RayJob":                       {{{"spec", "rayClusterSpec", "workerGroupSpecs"}, {"template"}}},
	}
})

// podTemplate is one pod template of an object.
type podTemplate struct {
	at       source.Path // of the template
	template map[string]any
}

// spec returns the pod spec and its path.
func (t podTemplate) spec() (map[string]any, source.Path) {
	s := doc.Map(t.template, "spec")
	return s, append(t.at[:len(t.at):len(t.at)], "spec")
}

// podTemplates returns the pod templates of an object: those that the tables
// know, then those that the configuration names for its kind.
func podTemplates(o map[string]any, more []config.Workload) []podTemplate {
	key := manifest.GroupKind(o)
	var out []podTemplate
	add := func(at source.Path) {
		if v, ok := doc.Lookup(o, at...); ok {
			if t, ok := v.(map[string]any); ok {
				if _, ok := t["spec"].(map[string]any); ok {
					out = append(out, podTemplate{at: at, template: t})
				}
			}
		}
	}
	for _, at := range podPaths()[key] {
		add(at)
	}
	for _, l := range listedPods()[key] {
		for i := range doc.List(o, l[0]...) {
			add(append(append(append(source.Path{}, l[0]...), i), l[1]...))
		}
	}
	for _, w := range more {
		if w.Kind != key {
			continue
		}
		for _, place := range w.Pods {
			for _, at := range places(o, place) {
				add(at)
			}
		}
	}
	return out
}

// containerFields are the lists of containers of a pod spec.
var containerFields = []struct{ field, kind string }{
	{"initContainers", "init"}, {"containers", "container"}, {"ephemeralContainers", "ephemeral"},
}
