// Package bench measures the processor beside components of others that do some of
// what it does. They are dependencies of this module only.
package bench
