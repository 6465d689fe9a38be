// Package dialect knows how programs tell of their usage: which attribute,
// event and metric names say what, in which unit, and what they contain.
//
// Each dialect is a YAML file ([File]): those under presets/ are built in, users
// add their own. [Compile] makes one flat [Program] of all that are enabled, so
// that nothing is decided per record but by looking names up.
package dialect
