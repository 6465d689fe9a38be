// Package reply writes answers: JSON, whatever the question was.
package reply

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/otelusage/usageprocessor/usageextension/internal/guard"
)

// JSON answers with a value.
func JSON(w http.ResponseWriter, status int, value any) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		Error(w, http.StatusInternalServerError, "the answer cannot be encoded: "+err.Error())
		return
	}
	write(w, status, TypeJSON, body.Bytes())
}

// TypeJSON is the content type of JSON.
const TypeJSON = "application/json; charset=utf-8"

// Text answers with text of some type.
func Text(w http.ResponseWriter, contentType string, text []byte) {
	write(w, http.StatusOK, contentType, text)
}

func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone
}

// Error answers with what is wrong.
func Error(w http.ResponseWriter, status int, text string) {
	JSON(w, status, map[string]string{"error": text})
}

// Refusal answers that something may not be had.
func Refusal(w http.ResponseWriter, r *guard.Refusal) {
	if r.RetryAfter > 0 {
		// The header has whole seconds.
		w.Header().Set("Retry-After", strconv.FormatInt(int64((r.RetryAfter+time.Second-1)/time.Second), 10))
	}
	if r.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="usage"`)
	}
	Error(w, r.Status, r.Text)
}

// FromServer answers what confighttp refuses.
func FromServer(w http.ResponseWriter, _ *http.Request, text string, status int) {
	Error(w, status, text)
}
