// Package archtest holds what must stay true of the repository as a whole: which
// package may import which, that every test file is part of some test run, and
// that nothing moves the versions of the Collector and of OpenTelemetry. It has
// tests only, and reads the source rather than importing it.
package archtest
