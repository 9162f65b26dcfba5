//go:build unix

package worker

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// ownGroup makes the worker the leader of its group, so that the programs that
// it starts end with it, and a terminal's interrupt reaches the parent first.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup kills the worker and what it started. It is called before the
// worker is waited for, so that its number is still its own.
func killGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}

// signalled says which signal ended a process.
func signalled(state *os.ProcessState) (string, bool) {
	if state == nil {
		return "", false
	}
	status, ok := state.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return "", false
	}
	if status.Signal() == syscall.SIGKILL {
		return "it was killed (signal 9; the machine's memory or the CPU time may have run out)", true
	}
	return fmt.Sprintf("it was ended by signal %d (%s)", int(status.Signal()), status.Signal()), true
}
