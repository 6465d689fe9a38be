// Package e2e tests the built Collector from outside: as a child process, over
// OTLP, with signals and with files. `make build` builds what it starts; the
// environment variable USAGE_COLLECTOR names another one.
//
// The main path: a setup becomes a configuration file, start runs a collector
// with it, clients send it spans whose effect the tests know (workload_test.go),
// and a sink behind it takes what it exports. Every sink fails its test when a
// counter falls or time stands still, whatever else the test is about.
//
// The rough path: billing clients that send every span until it is acknowledged
// (billing_test.go), over a network that loses, delays and doubles what they
// send (network_test.go, proxy_test.go), to a victim that is killed, reloaded or
// out of disk space (torture_test.go). In the end each span counts once.
//
// In the browser: the page of the extension, in headless Chromium (browser_test.go), with
// numbers that were sent (browser_page_test.go) and with a month of trade that is imported,
// on all sorts of screens (browser_look_test.go). `make browser` runs these; with
// USAGE_SCREENSHOTS they leave the pictures that docs/images is made of in a directory.
package e2e
