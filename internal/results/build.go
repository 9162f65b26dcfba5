package results

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"sync"
)

// buildID tells this build of the program from every other: rules, tables and
// libraries are part of it. What go build knows says so if it was made of a
// commit, or of a module, as it is (debug.BuildInfo: vcs.revision, vcs.modified,
// Main.Sum); else only its bytes do.
var buildID = sync.OnceValues(func() (string, error) {
	info, ok := debug.ReadBuildInfo()
	if ok && named(info) {
		return info.String(), nil
	}
	sum, err := executable()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("sha256 %x", sum), nil
})

// named says whether the sources of a build are known by name.
func named(info *debug.BuildInfo) bool {
	if info.Main.Path != "gate" {
		return false // a test, or a program that embeds this one
	}
	for _, d := range info.Deps {
		if d.Replace != nil {
			d = d.Replace
		}
		if d.Sum == "" { // a directory
			return false
		}
	}
	if info.Main.Sum != "" {
		return true
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	return settings["vcs.revision"] != "" && settings["vcs.modified"] == "false"
}

// executable is the sha256 of the program that runs, which may have been
// replaced since under its name.
func executable() ([]byte, error) {
	f, err := os.Open("/proc/self/exe")
	if err != nil {
		name, err := os.Executable()
		if err != nil {
			return nil, err
		}
		if f, err = os.Open(name); err != nil {
			return nil, err
		}
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}
