package extract

import (
	"net/http"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelusage/usageprocessor/internal/dialect"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// side is which end of a call a record is about.
type side uint8

const (
	served side = iota
	consumed
)

// gRPC status codes that outcomes depend on.
const (
	grpcCancelled         = 1
	grpcResourceExhausted = 8
)

// HTTP status codes without a name in net/http.
const (
	httpClientClosed = 499 // nginx: the client went away
	httpOverloaded   = 529 // Anthropic: overloaded
)

// What Micrometer says where there was no response.
const (
	ioError     = "IO_ERROR"
	clientError = "CLIENT_ERROR"
)

const (
	noStatus = 0  // HTTP
	noCode   = -1 // RPC
	// failedCode is a status of an RPC system without gRPC's numbers.
	failedCode = 2 // gRPC UNKNOWN
)

// outcome says how a call ended, by the first rule that applies (design
// section 4; codes: semantic conventions, recording errors, HTTP and gRPC). An
// explicit span status Ok is the application's own word and overrules codes.
func (r *Reading) outcome(status ptrace.Status, s side) usage.Outcome {
	if status.Code() == ptrace.StatusCodeOk {
		return usage.Success
	}
	errType := r.values.text(dialect.ErrorType)
	code, rpc := r.status, r.rpcStatus()
	failed := code >= 400 || rpc > 0 || isError(errType) || status.Code() == ptrace.StatusCodeError || r.dbFailed() || r.saysFailed()
	switch {
	case !failed:
		return usage.Success
	case code == http.StatusTooManyRequests || code == httpOverloaded || rpc == grpcResourceExhausted:
		return usage.Throttled
	case code == httpClientClosed || rpc == grpcCancelled || isCancellation(errType) || isCancellation(status.Message()):
		return usage.Cancelled
	case code >= 400 && code < 500 || s == served && isClientFault(rpc):
		return usage.ClientError
	default:
		return usage.Error
	}
}

// isError says whether an error type is one: some writers say that there is none.
func isError(errType string) bool { return errType != "" && errType != "none" }

// saysFailed says whether a record has the text of an error, or says in so many
// words that it did not succeed.
func (r *Reading) saysFailed() bool {
	if r.values.text(dialect.Failure) != "" {
		return true
	}
	succeeded, ok := r.values.flag(dialect.Succeeded)
	if ok && !succeeded {
		return true
	}
	switch r.values.text(dialect.HTTPStatus) {
	case "error", ioError, clientError:
		return true
	default:
		return false
	}
}

// httpStatus returns the HTTP status code. Where there is none, error.type may
// hold it: that is what the conventions put there for a failed response.
func (r *Reading) httpStatus() int {
	if !standsForCode(r.values.text(dialect.HTTPStatus)) {
		if code, ok := r.values.amount(dialect.HTTPStatus); ok && code >= 100 && code <= 999 {
			return int(code)
		}
	}
	if errType := r.values.text(dialect.ErrorType); len(errType) == 3 {
		if code, err := strconv.Atoi(errType); err == nil && code >= 400 {
			return code
		}
	}
	return noStatus
}

// standsForCode says whether a text is what some writers put where others have a
// status code: no number, and no bad value either.
func standsForCode(text string) bool {
	switch text {
	case "ok", "error", "undefined", "none", "UNKNOWN", ioError, clientError:
		return true
	default:
		return false
	}
}

// rpcStatus returns the gRPC status number; for other RPC systems whether the
// call failed.
func (r *Reading) rpcStatus() int {
	value, ok := r.values.get(dialect.RPCStatus)
	if !ok {
		return noCode
	}
	system := r.values.text(dialect.RPCSystem)
	if value.isText() {
		if code, named := grpcCode(value.text()); named {
			return code
		}
	}
	code, ok := value.whole()
	switch {
	case ok && code == 0 || value.isText() && value.text() == "":
		return 0
	case ok && code > 0 && code <= 16 && speaksGRPC(system):
		return int(code)
	case !ok && !value.isText():
		r.values.spoil(r.values.entry(dialect.RPCStatus).Name)
		return noCode
	default:
		return failedCode
	}
}

// dbFailed says whether a database's own status code is one of a failure: an
// SQLSTATE outside the classes 00 to 02, which are those of success, or any
// other code that is neither zero nor one of success of HTTP.
func (r *Reading) dbFailed() bool {
	value, ok := r.values.get(dialect.DBStatus)
	if !ok {
		return false
	}
	if code := r.values.text(dialect.DBStatus); len(code) == 5 && code[0] == '0' {
		return code[1] > '2'
	}
	if code, whole := value.whole(); whole {
		return code != 0 && (code < 100 || code >= 400)
	}
	return r.values.text(dialect.DBStatus) != "" && r.values.text(dialect.DBStatus) != "OK"
}

// speaksGRPC says whether a system's numeric status codes are gRPC's.
func speaksGRPC(system string) bool {
	return system == "" || system == "grpc" || system == "connectrpc" || system == "connect_rpc"
}

// grpcCode returns the number of a gRPC or Connect status name.
func grpcCode(name string) (code int, ok bool) {
	for code, known := range [...]string{
		"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
		"ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
		"ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
		"UNAUTHENTICATED",
	} {
		if strings.EqualFold(name, known) {
			return code, true
		}
	}
	if strings.EqualFold(name, "canceled") { // Connect's spelling
		return grpcCancelled, true
	}
	return 0, false
}

// isClientFault says whether a server's gRPC status blames the caller: all
// codes that the conventions do not make an error of the server span.
func isClientFault(code int) bool {
	switch code {
	case noCode, 0, 2, 4, 12, 13, 14, 15:
		return false
	default:
		return true
	}
}

// isCancellation says whether an error type is that of a call given up by its
// caller. Types are compared without their package. Go's cancellation has no
// type of its own: only the text of the error, the span's status, tells it.
func isCancellation(failure string) bool {
	if i := strings.LastIndexByte(failure, '.'); i >= 0 {
		failure = failure[i+1:]
	}
	switch failure {
	case "cancelled", "canceled", "CANCELLED", "Canceled", "context canceled",
		"CancelledError", "AbortError", "CancellationException",
		"OperationCanceledException", "TaskCanceledException":
		return true
	default:
		return false
	}
}
