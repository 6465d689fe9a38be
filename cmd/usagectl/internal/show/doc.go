// Package show writes for people: tables, numbers, and how far something is.
package show
