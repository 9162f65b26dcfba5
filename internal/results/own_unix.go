//go:build unix

package results

import (
	"io/fs"
	"os"
	"syscall"
)

// own says whether a file is this user's.
func own(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int64(st.Uid) == int64(os.Geteuid())
}

// ownMode says whether a file is open to its owner alone.
func ownMode(info fs.FileInfo) bool { return info.Mode().Perm() == 0o600 }

// othersWrite says whether others than the owner may write in a directory.
func othersWrite(info fs.FileInfo) bool { return info.Mode().Perm()&0o022 != 0 }
