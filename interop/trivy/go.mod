// Module trivy pins the examples that the rules about infrastructure are held
// against: https://github.com/aquasecurity/trivy-checks (MIT). Nothing
// of it is built; run.sh asks where it lies.
module gate/interop/trivy

go 1.26.8

require github.com/aquasecurity/trivy-checks v1.10.0
