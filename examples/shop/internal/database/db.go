// Package database stands in for a PostgreSQL behind database/sql: tables live in memory, while the spans are those
// that an instrumented driver makes under the current semantic conventions.
package database

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/otelusage/usageprocessor/examples/shop/internal/wait"
)

// roundTrip is what a statement over a local network costs about.
const roundTrip = 2 * time.Millisecond

// Statement is the low-cardinality description of a query; Text holds placeholders, never values.
type Statement struct {
	Operation  string
	Collection string
	Text       string
}

// DB makes one CLIENT span per statement.
type DB struct {
	tracer    trace.Tracer
	namespace string
}

// New connects a service, through its own tracer, to a database.
func New(tracer trace.Tracer, namespace string) *DB {
	return &DB{tracer: tracer, namespace: namespace}
}

// run executes fn, which returns the number of rows it touched.
func (db *DB) run(ctx context.Context, st Statement, fn func() (int, error)) error {
	ctx, span := db.tracer.Start(ctx, st.summary(),
		trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(db.attributes(st)...),
	)
	defer span.End()

	if err := wait.For(ctx, roundTrip); err != nil {
		return record(span, &StateError{SQLState: queryCanceled, Cause: err})
	}
	rows, err := fn()
	if err != nil {
		return record(span, err)
	}
	span.SetAttributes(semconv.DBResponseReturnedRows(rows))
	return nil
}

func (st Statement) summary() string { return st.Operation + " " + st.Collection }

func (db *DB) attributes(st Statement) []attribute.KeyValue {
	return []attribute.KeyValue{
		semconv.DBSystemNamePostgreSQL,
		semconv.DBNamespace(db.namespace),
		semconv.DBOperationName(st.Operation),
		semconv.DBCollectionName(st.Collection),
		semconv.DBQuerySummary(st.summary()),
		semconv.DBQueryText(st.Text),
	}
}

func record(span trace.Span, err error) error {
	span.SetStatus(codes.Error, err.Error())
	span.SetAttributes(semconv.ErrorType(err))
	var state *StateError
	if errors.As(err, &state) {
		span.SetAttributes(semconv.DBResponseStatusCode(state.SQLState))
	}
	return err
}
