package results

import (
	"cmp"
	"encoding/hex"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// prune takes away what nobody has used for long, what runs that died have left,
// and the oldest entries while all are too much. What cannot be taken away
// stays: another run may have been faster.
func (s *Store) prune() {
	list, err := fs.ReadDir(s.root.FS(), ".")
	if err != nil {
		return
	}
	now := time.Now()
	var entries []fs.FileInfo
	size := int64(0)
	for _, e := range list {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		age := now.Sub(info.ModTime())
		switch isEntry, isTemp := written(e.Name()); {
		case isTemp && age > tempAge, isEntry && age > maxAge:
			_ = s.root.Remove(e.Name())
		case isEntry:
			entries = append(entries, info)
			size += info.Size()
		}
	}
	if size <= maxBytes {
		return
	}
	slices.SortFunc(entries, func(a, b fs.FileInfo) int {
		return cmp.Or(a.ModTime().Compare(b.ModTime()), strings.Compare(a.Name(), b.Name()))
	})
	for _, e := range entries { // a good part at once, so that not each run has to
		if size <= maxBytes/4*3 {
			return
		}
		if s.root.Remove(e.Name()) == nil {
			size -= e.Size()
		}
	}
}

// written says whether a Store gives a file such a name.
func written(name string) (isEntry, isTemp bool) {
	if rest, ok := strings.CutPrefix(name, "."); ok {
		at := strings.IndexByte(rest, '-')
		return false, at == 16 && isHex(rest[:at])
	}
	return len(name) == 2*len(Key{}) && isHex(name), false
}

func isHex(text string) bool {
	_, err := hex.DecodeString(text)
	return err == nil
}
