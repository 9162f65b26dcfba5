package assess

import (
	"gate/internal/facts"

	utilversion "k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/cel/environment"
)

// dialect is the CEL of a release of Kubernetes: functions, types and options came
// one after the other
// (https://kubernetes.io/docs/reference/using-api/cel/#cel-options-language-features-and-libraries).
type dialect struct{ of version }

// newestDialect is the CEL of the library: of policies that something else than
// the API server evaluates, and of clusters whose version nobody tells.
func newestDialect() dialect { return dialect{newest} }

// dialectOf is the CEL of the cluster that an object goes to.
func dialectOf(s *Object) dialect { return dialect{parseVersion(s.ClusterVersion)} }

// named is the release in a message, "" for the newest.
func (d dialect) named() string {
	if d == newestDialect() {
		return ""
	}
	return " in Kubernetes " + d.of.String()
}

// environment returns what expressions are compiled with. The API server takes
// only those that the release before its own knows as well, so that there is a way
// back (k8s.io/apiserver/pkg/cel/environment: NewExpressions,
// DefaultCompatibilityVersion).
func (d dialect) environment() (*environment.EnvSet, environment.Type) {
	last := environment.DefaultCompatibilityVersion()
	if d.of.major != 1 || d.of.minor > int(last.Minor())+1 {
		return environment.MustBaseEnvSet(last), environment.StoredExpressions
	}
	return environment.MustBaseEnvSet(utilversion.MajorMinor(1, uint(max(d.of.minor-1, 0)))), environment.NewExpressions
}

// clusterVersions are the versions of the clusters that units go to, as far as
// somebody fixed them: for the unit itself, else for another one of its
// environment and target, the oldest where these differ.
func clusterVersions(units []facts.Unit, fixed map[string]string) map[string]string {
	type cluster struct{ environment, target string }
	oldest := map[cluster]string{}
	for _, u := range units {
		at := cluster{u.Environment, u.Target}
		if v := fixed[u.ID]; v != "" && at != (cluster{}) && (oldest[at] == "" || parseVersion(v).before(parseVersion(oldest[at]))) {
			oldest[at] = v
		}
	}
	out := map[string]string{}
	for _, u := range units {
		if out[u.ID] = fixed[u.ID]; out[u.ID] == "" {
			out[u.ID] = oldest[cluster{u.Environment, u.Target}]
		}
	}
	return out
}
