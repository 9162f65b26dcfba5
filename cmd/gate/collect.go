package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// When garbage is collected: how much the heap grows between two collections, in
// percent of what is in use.
const (
	// firstCollection lets the first one wait until the heap has some 40 MiB:
	// most runs end before. Collecting from the beginning, as Go does from 4 MiB
	// on, is a third of the CPU time of a small run.
	firstCollection = 900
	// laterCollections holds from then on, but for heaps that stay below
	// smallHeap: 60 takes a tenth more CPU time, 100 a fifth more memory.
	laterCollections = 80
	// smallHeap is what a heap may grow to before it is collected again.
	smallHeap = 160 << 20
)

// collectLate sets when garbage is collected.
func collectLate() {
	debug.SetGCPercent(firstCollection)
	afterCollection()
}

// afterCollection sets when the next collection is due once one has ended. What it
// allocates is garbage from the beginning, so that its cleanup marks that end.
func afterCollection() {
	runtime.AddCleanup(new([64]byte), func(struct{}) {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		percent := laterCollections
		if n := live[0].Value.Uint64(); n > 0 {
			percent = max(percent, int(smallHeap*100/n)-100)
		}
		debug.SetGCPercent(percent)
		afterCollection()
	}, struct{}{})
}
