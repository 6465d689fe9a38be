package database

import "fmt"

// SQLSTATE codes of PostgreSQL that the shop can meet.
const (
	uniqueViolation = "23505"
	queryCanceled   = "57014"
)

// StateError is a failure that the database names with a SQLSTATE.
type StateError struct {
	SQLState string
	Cause    error
}

func (e *StateError) Error() string { return fmt.Sprintf("SQLSTATE %s: %v", e.SQLState, e.Cause) }

func (e *StateError) Unwrap() error { return e.Cause }

// ErrorType is read by semconv.ErrorType, which asks databases for the code rather than the Go type.
func (e *StateError) ErrorType() string { return e.SQLState }
