package render

import (
	"fmt"
	"strings"
	"sync"

	"gate/internal/config"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/render/manifest"
	"gate/internal/source"
)

// Places in objects are written as paths with dots; "[]" after a name stands
// for every element of a list.
var (
	tektonTask = []string{"steps[]", "sidecars[]", "stepTemplate"}
	argoParts  = []string{"container", "script", "initContainers[]", "sidecars[]", "containerSet.containers[]"}
	servers    = []string{"containers[]", "initContainers[]", "model"}
)

// stepPlaces leads to what runs an image without standing in a pod template:
// what is there is a container in all but its place, and its pod is made by a
// controller. Without an image of its own it is none.
var stepPlaces = sync.OnceValue(func() map[string][]string {
	return map[string][]string{
		"tekton.dev/Task":                                under("spec", tektonTask),
		"tekton.dev/ClusterTask":                         under("spec", tektonTask),
		"tekton.dev/TaskRun":                             under("spec.taskSpec", tektonTask),
		"tekton.dev/Pipeline":                            append(under("spec.tasks[].taskSpec", tektonTask), under("spec.finally[].taskSpec", tektonTask)...),
		"tekton.dev/PipelineRun":                         append(under("spec.pipelineSpec.tasks[].taskSpec", tektonTask), under("spec.pipelineSpec.finally[].taskSpec", tektonTask)...),
		"tekton.dev/StepAction":                          {"spec"},
		"argoproj.io/Workflow":                           under("spec.templates[]", argoParts),
		"argoproj.io/WorkflowTemplate":                   under("spec.templates[]", argoParts),
		"argoproj.io/ClusterWorkflowTemplate":            under("spec.templates[]", argoParts),
		"argoproj.io/CronWorkflow":                       under("spec.workflowSpec.templates[]", argoParts),
		"serving.kserve.io/InferenceService":             append(append(under("spec.predictor", servers), under("spec.transformer", servers)...), under("spec.explainer", servers)...),
		"serving.kserve.io/ServingRuntime":               {"spec.containers[]"},
		"serving.kserve.io/ClusterServingRuntime":        {"spec.containers[]"},
		"sparkoperator.k8s.io/SparkApplication":          {"spec", "spec.driver", "spec.executor"},
		"sparkoperator.k8s.io/ScheduledSparkApplication": {"spec.template", "spec.template.driver", "spec.template.executor"},
		"apps.kruise.io/SidecarSet":                      {"spec.containers[]", "spec.initContainers[]"},
		"apps.kruise.io/ImagePullJob":                    {"spec"},
		"kafka.strimzi.io/Kafka": {
			"spec.kafka", "spec.zookeeper", "spec.entityOperator.topicOperator", "spec.entityOperator.userOperator", "spec.kafkaExporter", "spec.cruiseControl",
		},
		"kafka.strimzi.io/KafkaConnect":      {"spec"},
		"kafka.strimzi.io/KafkaBridge":       {"spec"},
		"kafka.strimzi.io/KafkaMirrorMaker2": {"spec"},
	}
})

func under(prefix string, places []string) []string {
	out := make([]string, len(places))
	for i, p := range places {
		out[i] = prefix + "." + p
	}
	return out
}

// step is one such container: at is its path in the object.
type step struct {
	at        source.Path
	container map[string]any
	image     string
}

// steps returns what runs an image outside of pod templates.
func steps(o map[string]any, more []config.Workload) []step {
	key := manifest.GroupKind(o)
	known := stepPlaces()[key]
	for _, w := range more {
		if w.Kind == key {
			known = append(known[:len(known):len(known)], w.Containers...)
		}
	}
	var out []step
	for _, place := range known {
		for _, at := range places(o, place) {
			m := doc.Map(o, at...)
			if image := doc.Text(m, "image"); image != "" {
				out = append(out, step{at, m, image})
			}
		}
	}
	return out
}

// places returns the paths that a place stands for in an object, in order.
func places(o any, place string) []source.Path {
	type found struct {
		at source.Path
		v  any
	}
	list := []found{{source.Path{}, o}}
	for _, name := range strings.Split(place, ".") {
		name, every := strings.CutSuffix(name, "[]")
		var next []found
		for _, f := range list {
			m := doc.Map(f.v)
			v, ok := m[name]
			if !ok {
				continue
			}
			at := append(f.at[:len(f.at):len(f.at)], name)
			if !every {
				next = append(next, found{at, v})
				continue
			}
			elements := doc.List(v)
			for i, e := range elements {
				next = append(next, found{append(at[:len(at):len(at)], i), e})
			}
		}
		list = next
	}
	out := make([]source.Path, len(list))
	for i, f := range list {
		out[i] = f.at
	}
	return out
}

// step adds one container of type step. Its name is its own, else its place.
func (c *collector) step(o facts.Object, locator source.Locator, s step) {
	name := doc.Text(s.container, "name")
	if name == "" {
		name = s.at.String()
	}
	id := c.unique(fmt.Sprintf("%s/%s", o.ID, name))
	c.Containers = append(c.Containers, facts.Container{
		Subject: facts.Subject{ID: id}, Object: o.ID, Unit: o.Unit, Type: "step", Name: name,
		Workload: facts.Workload{APIVersion: o.APIVersion, Kind: o.Kind, Namespace: o.Namespace, Name: o.Name, Labels: doc.Labels(o.Manifest)},
		Image:    ParseImage(s.image), Container: s.container, Pod: map[string]any{},
	})
	c.Locators[id] = containerLocator(locator, s.at, s.at)
}
