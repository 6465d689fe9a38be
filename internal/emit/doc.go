// Package emit writes rows as OpenTelemetry metrics. What is exported under
// which name, unit and description is one table (table.go).
package emit
