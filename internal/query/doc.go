// Package query answers questions about usage: who used what, how much, when. It adds up
// what a [Source] has, groups, orders and cuts it, and writes answers as JSON and CSV.
// The management API, the page and usagectl ask the same questions here.
//
//	ParseRequest        a URL's parameters -> Request
//	Series, Timeline    Request -> one row a group; one point an hour or day
//	Usage, Recent...    the shapes that clients of CLIProxyAPI read
//	Measures            what every row has; all formats and orders follow from it
//	Write...            JSON, CSV; WriteFOCUS for FinOps tools
//
// A row that lacks an attribute that is grouped by has the empty value there: null in JSON, an
// empty cell in CSV and [None] in tables. Numbers are exact decimals, and null where there is
// nothing to divide by.
package query
