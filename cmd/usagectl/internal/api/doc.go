// Package api talks to the management API of a collector.
package api
