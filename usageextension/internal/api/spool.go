package api

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"

	"github.com/otelusage/usageprocessor/usageextension/internal/reply"
)

// spool is a document that was written in one go, so that nothing waits for a slow
// client: while a meter writes a document, some of what it does else has to wait. It is
// kept packed, which makes documents of usage ten times as small.
type spool struct {
	name, contentType string // under, and as, which it is saved
	packed            bytes.Buffer
}

// pack lets write write a document.
func pack(name, contentType string, write func(io.Writer) error) (*spool, error) {
	s := &spool{name: name, contentType: contentType}
	packer, err := gzip.NewWriterLevel(&s.packed, gzip.BestSpeed)
	if err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	if err := write(packer); err != nil {
		return nil, err
	}
	return s, packer.Close()
}

// send writes the document as it was.
func (s *spool) send(w http.ResponseWriter) {
	unpacked, err := gzip.NewReader(&s.packed)
	if err != nil {
		reply.Error(w, http.StatusInternalServerError, "unpack: "+err.Error())
		return
	}
	w.Header().Set("Content-Type", s.contentType)
	w.Header().Set("Content-Disposition", `attachment; filename="`+s.name+`"`)
	// An error is the client's, who notices that the end is missing.
	_, _ = io.Copy(w, unpacked) //nolint:gosec // what we have packed ourselves
}
