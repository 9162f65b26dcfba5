package assess

import (
	"maps"
	"slices"

	"gate/internal/source"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/policy"
)

// place is one field of a pod that breaks a control. The path is relative to
// the container, or to the pod template if there is none.
type place struct {
	container *containerAt
	path      source.Path
	detail    string // as the library words it for this field alone
}

// containerAt names a container of a pod spec.
type containerAt struct {
	field string // containers, initContainers, ephemeralContainers
	index int
	name  string
}

func samePlace(a, b place) bool {
	if (a.container == nil) != (b.container == nil) || a.container != nil && *a.container != *b.container {
		return false
	}
	return slices.Equal(a.path, b.path)
}

// localise finds the fields that break a control: the check itself judges pods
// that are compliant but for one field of the given one. So no control is
// written down twice, and the verdict is always the library's.
func localise(check policy.CheckPodFn, meta *metav1.ObjectMeta, spec *corev1.PodSpec) []place {
	var out []place
	judge := func(container *containerAt, path source.Path, m *metav1.ObjectMeta, s *corev1.PodSpec) {
		if r := check(m, s); !r.Allowed {
			out = append(out, place{container: container, path: path, detail: r.ForbiddenDetail})
		}
	}
	none := &metav1.ObjectMeta{}
	for _, f := range podFields(spec) {
		alone := surroundings(spec)
		f.set(alone)
		judge(nil, join(source.Path{"spec"}, f.path...), none, alone)
	}
	named := surroundings(spec) // annotations may name a container
	named.SecurityContext = compliantPod()
	for _, c := range containersOf(spec) {
		named.Containers = append(named.Containers, *compliantContainer(c.container.Name))
	}
	for _, key := range slices.Sorted(maps.Keys(meta.Annotations)) {
		judge(nil, source.Path{"metadata", "annotations", key}, &metav1.ObjectMeta{Annotations: map[string]string{key: meta.Annotations[key]}}, named)
	}
	// What a pod gets wrong is not the fault of the containers that inherit it.
	inherited := surroundings(spec)
	inherited.SecurityContext = spec.SecurityContext
	if !check(none, inherited).Allowed {
		inherited.SecurityContext = compliantPod()
	}
	for _, c := range containersOf(spec) {
		for _, f := range containerFields(c.container) {
			alone := *inherited
			one := compliantContainer(c.container.Name)
			f.set(one)
			alone.Containers = []corev1.Container{*one}
			judge(&c.containerAt, f.path, none, &alone)
		}
	}
	return out
}

// surroundings is an empty pod of the same operating system and user
// namespace, on which controls depend.
func surroundings(spec *corev1.PodSpec) *corev1.PodSpec {
	return &corev1.PodSpec{OS: spec.OS, HostUsers: spec.HostUsers}
}

func compliantPod() *corev1.PodSecurityContext {
	return &corev1.PodSecurityContext{RunAsNonRoot: new(true), SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}}
}

func compliantContainer(name string) *corev1.Container {
	return &corev1.Container{Name: name, SecurityContext: &corev1.SecurityContext{
		AllowPrivilegeEscalation: new(false),
		RunAsNonRoot:             new(true),
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		SeccompProfile:           &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}}
}

type containerOf struct {
	containerAt
	container *corev1.Container
}

func containersOf(spec *corev1.PodSpec) []containerOf {
	var out []containerOf
	add := func(field string, i int, c *corev1.Container) {
		out = append(out, containerOf{containerAt{field, i, c.Name}, c})
	}
	for i := range spec.InitContainers {
		add("initContainers", i, &spec.InitContainers[i])
	}
	for i := range spec.Containers {
		add("containers", i, &spec.Containers[i])
	}
	for i := range spec.EphemeralContainers {
		c := corev1.Container(spec.EphemeralContainers[i].EphemeralContainerCommon)
		add("ephemeralContainers", i, &c)
	}
	return out
}

// setting is one field of a pod or container, and how to set it in another one.
type setting[T any] struct {
	path source.Path
	set  func(*T)
}

// podFields are the pod-level fields that controls read and that are set.
func podFields(spec *corev1.PodSpec) []setting[corev1.PodSpec] {
	var out []setting[corev1.PodSpec]
	add := func(isSet bool, path source.Path, set func(*corev1.PodSpec)) {
		if isSet {
			out = append(out, setting[corev1.PodSpec]{path, set})
		}
	}
	add(spec.HostNetwork, source.Path{"hostNetwork"}, func(p *corev1.PodSpec) { p.HostNetwork = true })
	add(spec.HostPID, source.Path{"hostPID"}, func(p *corev1.PodSpec) { p.HostPID = true })
	add(spec.HostIPC, source.Path{"hostIPC"}, func(p *corev1.PodSpec) { p.HostIPC = true })
	for i, v := range spec.Volumes {
		add(true, source.Path{"volumes", i}, func(p *corev1.PodSpec) { p.Volumes = []corev1.Volume{v} })
	}
	sc := spec.SecurityContext
	if sc == nil {
		return out
	}
	within := func(isSet bool, set func(*corev1.PodSecurityContext), path ...any) {
		add(isSet, join(source.Path{"securityContext"}, path...), func(p *corev1.PodSpec) {
			p.SecurityContext = &corev1.PodSecurityContext{}
			set(p.SecurityContext)
		})
	}
	within(sc.RunAsNonRoot != nil, func(c *corev1.PodSecurityContext) { c.RunAsNonRoot = sc.RunAsNonRoot }, "runAsNonRoot")
	within(sc.RunAsUser != nil, func(c *corev1.PodSecurityContext) { c.RunAsUser = sc.RunAsUser }, "runAsUser")
	within(sc.SeccompProfile != nil, func(c *corev1.PodSecurityContext) { c.SeccompProfile = sc.SeccompProfile }, "seccompProfile", "type")
	within(sc.AppArmorProfile != nil, func(c *corev1.PodSecurityContext) { c.AppArmorProfile = sc.AppArmorProfile }, "appArmorProfile", "type")
	within(sc.WindowsOptions != nil, func(c *corev1.PodSecurityContext) { c.WindowsOptions = sc.WindowsOptions }, "windowsOptions", "hostProcess")
	for _, f := range seLinuxFields(sc.SELinuxOptions) {
		within(true, func(c *corev1.PodSecurityContext) { c.SELinuxOptions = f.options }, "seLinuxOptions", f.name)
	}
	for i, s := range sc.Sysctls {
		within(true, func(c *corev1.PodSecurityContext) { c.Sysctls = []corev1.Sysctl{s} }, "sysctls", i, "name")
	}
	return out
}

type seLinuxField struct {
	name    string
	options *corev1.SELinuxOptions
}

func seLinuxFields(o *corev1.SELinuxOptions) []seLinuxField {
	if o == nil {
		return nil
	}
	return []seLinuxField{
		{"type", &corev1.SELinuxOptions{Type: o.Type}},
		{"user", &corev1.SELinuxOptions{User: o.User}},
		{"role", &corev1.SELinuxOptions{Role: o.Role}},
	}
}

// containerFields are the fields of a container that controls read: those that
// are set, and those whose absence may break a control.
func containerFields(c *corev1.Container) []setting[corev1.Container] {
	var out []setting[corev1.Container]
	add := func(isSet bool, set func(*corev1.Container), path ...any) {
		if isSet {
			out = append(out, setting[corev1.Container]{path, set})
		}
	}
	for i, p := range c.Ports {
		add(true, func(x *corev1.Container) { x.Ports = []corev1.ContainerPort{p} }, "ports", i, "hostPort")
	}
	probe := func(name string, p *corev1.Probe, set func(*corev1.Container, *corev1.Probe)) {
		if p == nil {
			return
		}
		add(p.HTTPGet != nil, func(x *corev1.Container) {
			set(x, &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: p.HTTPGet}})
		}, name, "httpGet", "host")
		add(p.TCPSocket != nil, func(x *corev1.Container) {
			set(x, &corev1.Probe{ProbeHandler: corev1.ProbeHandler{TCPSocket: p.TCPSocket}})
		}, name, "tcpSocket", "host")
	}
	probe("livenessProbe", c.LivenessProbe, func(x *corev1.Container, p *corev1.Probe) { x.LivenessProbe = p })
	probe("readinessProbe", c.ReadinessProbe, func(x *corev1.Container, p *corev1.Probe) { x.ReadinessProbe = p })
	probe("startupProbe", c.StartupProbe, func(x *corev1.Container, p *corev1.Probe) { x.StartupProbe = p })
	handler := func(name string, h *corev1.LifecycleHandler) {
		if h == nil {
			return
		}
		set := func(only corev1.LifecycleHandler) func(*corev1.Container) {
			return func(x *corev1.Container) { x.Lifecycle = &corev1.Lifecycle{PostStart: &only} }
		}
		add(h.HTTPGet != nil, set(corev1.LifecycleHandler{HTTPGet: h.HTTPGet}), "lifecycle", name, "httpGet", "host")
		add(h.TCPSocket != nil, set(corev1.LifecycleHandler{TCPSocket: h.TCPSocket}), "lifecycle", name, "tcpSocket", "host")
	}
	if c.Lifecycle != nil {
		handler("postStart", c.Lifecycle.PostStart)
		handler("preStop", c.Lifecycle.PreStop)
	}
	return append(out, securityFields(c.SecurityContext)...)
}

func securityFields(sc *corev1.SecurityContext) []setting[corev1.Container] {
	if sc == nil {
		sc = &corev1.SecurityContext{}
	}
	var out []setting[corev1.Container]
	add := func(isSet bool, set func(*corev1.SecurityContext), path ...any) {
		if isSet {
			out = append(out, setting[corev1.Container]{join(source.Path{"securityContext"}, path...), func(c *corev1.Container) { set(c.SecurityContext) }})
		}
	}
	add(sc.Privileged != nil, func(x *corev1.SecurityContext) { x.Privileged = sc.Privileged }, "privileged")
	add(true, func(x *corev1.SecurityContext) { x.AllowPrivilegeEscalation = sc.AllowPrivilegeEscalation }, "allowPrivilegeEscalation")
	add(true, func(x *corev1.SecurityContext) { x.RunAsNonRoot = sc.RunAsNonRoot }, "runAsNonRoot")
	add(sc.RunAsUser != nil, func(x *corev1.SecurityContext) { x.RunAsUser = sc.RunAsUser }, "runAsUser")
	add(true, func(x *corev1.SecurityContext) { x.SeccompProfile = sc.SeccompProfile }, "seccompProfile", "type")
	add(sc.AppArmorProfile != nil, func(x *corev1.SecurityContext) { x.AppArmorProfile = sc.AppArmorProfile }, "appArmorProfile", "type")
	add(sc.WindowsOptions != nil, func(x *corev1.SecurityContext) { x.WindowsOptions = sc.WindowsOptions }, "windowsOptions", "hostProcess")
	add(sc.ProcMount != nil, func(x *corev1.SecurityContext) { x.ProcMount = sc.ProcMount }, "procMount")
	for _, f := range seLinuxFields(sc.SELinuxOptions) {
		add(true, func(x *corev1.SecurityContext) { x.SELinuxOptions = f.options }, "seLinuxOptions", f.name)
	}
	capabilities := sc.Capabilities
	if capabilities == nil {
		capabilities = &corev1.Capabilities{}
	}
	add(true, func(x *corev1.SecurityContext) { x.Capabilities = &corev1.Capabilities{Drop: capabilities.Drop} }, "capabilities", "drop")
	for i, a := range capabilities.Add {
		add(true, func(x *corev1.SecurityContext) { x.Capabilities.Add = []corev1.Capability{a} }, "capabilities", "add", i)
	}
	return out
}
