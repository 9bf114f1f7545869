// Package must is for programs that end at the first thing that goes wrong.
package must

import (
	"fmt"
	"os"
)

// Succeed ends the program with what err says, unless it is nil.
func Succeed(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Have is what was made, and ends the program where it could not be.
func Have[T any](made T, err error) T {
	Succeed(err)
	return made
}
