// Package query answers questions about usage: who used what, how much, when. It adds up
// what a [Source] has, groups, orders and cuts it, and writes answers as JSON and CSV.
// The management API, the page and usagectl ask the same questions here.
package query
