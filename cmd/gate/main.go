// Command gate answers whether a change may be applied, and why.
package main

import "os"

func main() {
	os.Exit(Main(os.Args[1:], &streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv}))
}
