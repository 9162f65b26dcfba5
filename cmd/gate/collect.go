package main

import (
	"runtime"
	"runtime/debug"
)

// How much the heap grows between two garbage collections, in percent of what
// is in use.
const (
	// firstCollection lets the first one wait until the heap has some 40 MiB:
	// most runs end before. Collecting from the beginning, as Go does from 4 MiB
	// on, is a third of the CPU time of a small run.
	firstCollection = 900
	// laterCollections holds from then on: 60 takes a tenth more CPU time, 100
	// a fifth more memory.
	laterCollections = 80
)

// collectLate sets when garbage is collected. What it allocates is garbage from
// the beginning, so that its cleanup marks the end of the first collection.
func collectLate() {
	debug.SetGCPercent(firstCollection)
	runtime.AddCleanup(new([64]byte), func(percent int) { debug.SetGCPercent(percent) }, laterCollections)
}
