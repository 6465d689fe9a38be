// Package page is the web page of the extension: usage over time, top lists, tables and
// how usage is kept, as one HTML document that needs nothing else.
//
// [Collect] asks internal/query the questions that the management API answers, so that
// both have the same numbers, and [Page.Render] writes the answers with html/template,
// charts included: names come from telemetry, that is from strangers. The package knows
// no HTTP; whoever serves a page sends [Page.Policy] along.
package page
