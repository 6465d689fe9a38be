// Package guard decides who may ask what of the management server.
//
// [Guard.Around] is the outermost handler. It refuses requests that a browser was
// tricked into: with the name of a stranger in Host (DNS rebinding), or sent by a page
// of another origin. What comes through is asked for its credentials by whoever serves
// it: [Guard.Read] and [Guard.Change]. A wrong token is a guess, and whoever guesses
// too often is refused for a while, whatever follows.
//
// A [Guard] is safe for concurrent use.
package guard
