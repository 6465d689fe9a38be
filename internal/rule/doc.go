// Package rule compiles what users write about records in OTTL: the condition of
// a meter and its value. What is plain, an attribute or a comparison of one with a
// text, is looked up directly, without OTTL and without allocating.
package rule
