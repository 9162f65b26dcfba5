// Command gate answers whether a change may be applied, and why.
package main

import "os"

func main() {
	collectLate()
	s := &streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv, Worker: true}
	os.Stderr, _ = os.OpenFile(os.DevNull, os.O_WRONLY, 0) // libraries chat there
	os.Exit(Main(os.Args[1:], s))
}
