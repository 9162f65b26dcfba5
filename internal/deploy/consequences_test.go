package deploy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestConsequences(t *testing.T) {
	k := func(spec string) string { return kApps + "spec: {" + spec + "}" }
	r := func(spec string) string { return helmApps + "spec: {" + spec + "}" }
	app := func(spec string) string { return appShop + "spec: {" + spec + "}" }
	policy := func(p string) string { return app("syncPolicy: {" + p + "}") }
	set := func(p string) string { return setShop + "spec: {syncPolicy: {" + p + "}}" }
	bare := strings.Replace(appShop, ", finalizers: [resources-finalizer.argocd.argoproj.io]", "", 1)
	skip := func(v string) string {
		return strings.Replace(appShop, "namespace: argocd", `namespace: argocd, annotations: {argocd.argoproj.io/skip-reconcile: "`+v+`"}`, 1)
	}
	for name, tc := range map[string]struct {
		before, after string
		want          []string
	}{
		"nothing":           {k("prune: true"), k("prune: true"), nil},
		"what says nothing": {k("interval: 1m"), k("interval: 2m, suspend: false"), nil},
		"no deployer":       {thing, annotated("a: b"), nil},

		"Kustomization: suspended":               {k("path: ./apps, prune: true"), k("path: ./apps, prune: true, suspend: true"), []string{"from now on nothing of ./apps is reconciled"}},
		"Kustomization: suspended, without path": {k("prune: true"), k("prune: true, suspend: true"), []string{"from now on nothing of ./ is reconciled"}},
		"Kustomization: resumed":                 {k("path: ./apps, suspend: true"), k("path: ./apps, suspend: false"), []string{"everything that piled up below ./apps since it was suspended is applied now; what that is cannot be told from here"}},
		"Kustomization: prune off":               {k("prune: true"), k("prune: false"), []string{"what leaves Git stays in the cluster from now on", "its own deletion leaves what it deployed from now on"}},
		"Kustomization: prune on":                {k("prune: false"), k("prune: true"), []string{"what leaves Git is deleted from the cluster from now on", "its own deletion deletes what it deployed from now on"}},
		"Kustomization: prune on, orphaning":     {k("prune: false, deletionPolicy: Orphan"), k("prune: true, deletionPolicy: Orphan"), []string{"what leaves Git is deleted from the cluster from now on"}},
		"Kustomization: Delete":                  {k("prune: false"), k("prune: false, deletionPolicy: Delete"), []string{"its own deletion deletes what it deployed from now on"}},
		"Kustomization: MirrorPrune said":        {k("prune: true"), k("prune: true, deletionPolicy: MirrorPrune"), nil},
		"Kustomization: path":                    {k("path: ./a"), k("path: ./b"), []string{"deploys ./b instead of ./a"}},
		"Kustomization: source":                  {k("sourceRef: {kind: GitRepository, name: a}"), k("sourceRef: {kind: OCIRepository, name: a, namespace: x}"), []string{"deploys from OCIRepository x/a instead of GitRepository a"}},
		"Kustomization: namespace":               {k("prune: true"), k("prune: true, targetNamespace: shop"), []string{"puts what it deploys into namespace shop instead of as its manifests say"}},
		"Kustomization: force":                   {k("prune: true"), k("prune: true, force: true"), []string{"what cannot be changed in place is deleted and made again from now on"}},
		"Kustomization: cluster":                 {k("prune: true"), k("prune: true, kubeConfig: {secretRef: {name: dr}}"), []string{`deploys to the cluster of kubeConfig secretRef "flux-system/dr" instead of the cluster of its controller: what stands in the old one stays behind`}},

		"HelmRelease: suspended":      {r("interval: 1m"), r("interval: 1m, suspend: true"), []string{"from now on nothing of its release is reconciled"}},
		"HelmRelease: resumed":        {r("suspend: true"), r("interval: 1m"), []string{"everything that piled up below its release since it was suspended is applied now; what that is cannot be told from here"}},
		"HelmRelease: version":        {r("chart: {spec: {chart: web, version: 1.0.0, sourceRef: {kind: HelmRepository, name: acme}}}"), r("chart: {spec: {chart: web, version: 2.0.0, sourceRef: {kind: HelmRepository, name: acme}}}"), []string{"deploys the chart web 2.0.0 of HelmRepository acme instead of web 1.0.0 of HelmRepository acme"}},
		"HelmRelease: chartRef":       {r("chart: {spec: {chart: ./web}}"), r("chartRef: {kind: OCIRepository, name: web}"), []string{"deploys the chart of OCIRepository web instead of ./web"}},
		"HelmRelease: name":           {r("interval: 1m"), r("releaseName: shop"), []string{"the release is uninstalled, and installed as shop/shop instead of shop/web"}},
		"HelmRelease: its name said":  {r("interval: 1m"), r("releaseName: web"), nil},
		"HelmRelease: namespace":      {r("releaseName: web"), r("releaseName: web, targetNamespace: other"), []string{"the release is uninstalled, and installed as other/web instead of shop/web"}},
		"HelmRelease: namespace, too": {r("interval: 1m"), r("targetNamespace: other"), []string{"the release is uninstalled, and installed as other/other-web instead of shop/web"}},
		"HelmRelease: history":        {r("interval: 1m"), r("storageNamespace: other"), []string{"the release is uninstalled, and installed as shop/web with its history in namespace other instead of shop/web"}},
		"HelmRelease: CRDs":           {r("interval: 1m"), r("upgrade: {crds: CreateReplace}"), []string{"treats the CRDs of the chart by CreateReplace instead of Create when it upgrades"}},

		"Application: not automated":    {policy("automated: {prune: true}"), policy(""), []string{"from now on it waits for a person to sync it", "what leaves Git stays in the cluster from now on"}},
		"Application: not enabled":      {policy("automated: {}"), policy("automated: {enabled: false}"), []string{"from now on it waits for a person to sync it"}},
		"Application: automated":        {policy(""), policy("automated: {}"), []string{"it syncs by itself from now on, and first everything that nobody synced; what that is cannot be told from here"}},
		"Application: prune on":         {policy("automated: {}"), policy("automated: {prune: true}"), []string{"what leaves Git is deleted from the cluster from now on, and what has left it and stayed there is deleted now"}},
		"Application: prune off":        {policy("automated: {prune: true}"), policy("automated: {prune: false}"), []string{"what leaves Git stays in the cluster from now on"}},
		"Application: empty":            {policy("automated: {prune: true}"), policy("automated: {prune: true, allowEmpty: true}"), []string{"an empty source deletes all that it deployed from now on"}},
		"Application: finalizer gone":   {appShop, bare, []string{"its own deletion leaves what it deployed from now on"}},
		"Application: finalizer new":    {bare, appShop, []string{"its own deletion deletes what it deployed from now on"}},
		"Application: other finalizer":  {appShop, strings.Replace(appShop, "argoproj.io]", "argoproj.io/background]", 1), nil},
		"Application: skipped":          {appShop, skip("true"), []string{"from now on nothing of it is reconciled"}},
		"Application: no more skipped":  {skip("true"), skip("false"), []string{"everything that piled up since it was not reconciled is applied now; what that is cannot be told from here"}},
		"Application: path":             {app("source: {repoURL: r, path: a}"), app("source: {repoURL: r, path: b}"), []string{"deploys b of r instead of a of r"}},
		"Application: revision":         {app("source: {repoURL: r, path: a, targetRevision: v1}"), app("source: {repoURL: r, path: a, targetRevision: v2}"), []string{"deploys a@v2 of r instead of a@v1 of r"}},
		"Application: two sources":      {app("source: {repoURL: r, path: a}"), app("source: {repoURL: r, path: z}, sources: [{repoURL: r, path: a}, {repoURL: h, chart: c, targetRevision: 1.2.3}]"), []string{"deploys a of r and c@1.2.3 of h instead of a of r"}},
		"Application: the same sources": {app("source: {repoURL: r, path: a}"), app("sources: [{repoURL: r, path: a}]"), nil},
		"Application: namespace":        {app("destination: {namespace: a}"), app("destination: {namespace: b}"), []string{"puts what it deploys into namespace b instead of a"}},
		"Application: cluster":          {app("destination: {name: a}"), app("destination: {name: b}"), []string{`deploys to the cluster of name "b" instead of the cluster of name "a": what stands in the old one stays behind`}},
		"Application: project":          {app(""), app("project: shop"), []string{"belongs to project shop instead of default, which says what it may deploy where"}},
		"Application: options":          {policy("syncOptions: [Prune=false, Validate=false]"), policy("syncOptions: [Replace=true, RespectIgnoreDifferences=true]"), []string{"what leaves Git is pruned like elsewhere from now on", "what it deploys is replaced instead of changed from now on", "a sync leaves the fields that it ignores as they are in the cluster from now on"}},

		"ApplicationSet: preserving":          {set(""), set("preserveResourcesOnDeletion: true"), []string{"the deletion of its Applications leaves what they deployed from now on"}},
		"ApplicationSet: no more preserving":  {set("preserveResourcesOnDeletion: true"), set(""), []string{"the deletion of its Applications deletes what they deployed from now on"}},
		"ApplicationSet: create-only":         {set(""), set("applicationsSync: create-only"), []string{"Applications that it no longer makes stay from now on", "Applications that exist are not changed from now on"}},
		"ApplicationSet: create-update":       {set("applicationsSync: sync"), set("applicationsSync: create-update"), []string{"Applications that it no longer makes stay from now on"}},
		"ApplicationSet: update to delete":    {set("applicationsSync: create-update"), set("applicationsSync: create-delete"), []string{"Applications that it no longer makes are deleted from now on, and those that stayed are deleted now", "Applications that exist are not changed from now on"}},
		"ApplicationSet: sync, as by default": {set(""), set("applicationsSync: sync"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			m := yamls(t, tc.before, tc.after)
			if diff := cmp.Diff(tc.want, Consequences(m[0], m[1])); diff != "" {
				t.Error(diff)
			}
			if got := append(Consequences(nil, m[1]), Consequences(m[0], nil)...); got != nil {
				t.Errorf("of one side: %v", got)
			}
		})
	}
}
