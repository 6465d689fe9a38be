// Package api is the management API: which routes there are, what they ask of the
// meters that are registered, and how they answer. What the answers are made of is
// internal/query's and the meters' own; who may ask is the guard's.
//
// [API.ServeHTTP] finds the route and asks the guard. A route that reads is a function
// of one meter, which each asks of all of them, or of the one that `processor` names. A
// route that changes something is asked of one meter: with several, the request has to
// name it. A meter is held while a request asks it, but neither while the request is
// read nor while the answer is sent: how fast a client is does not matter to the meter,
// which waits for its requests before it closes.
package api
