//go:build !unix

package worker

import (
	"os"
	"os/exec"
)

// There are no process groups here: only the worker itself is killed. The
// programs that it starts end when their input does.
func ownGroup(*exec.Cmd) {}

func killGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = cmd.Process.Kill()
	}
}

func signalled(*os.ProcessState) (string, bool) { return "", false }
