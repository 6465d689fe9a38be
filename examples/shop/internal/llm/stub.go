// Package llm is a language model's API, as a local stub, and the client that meters it.
package llm

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelusage/usageprocessor/examples/shop/internal/fault"
	"github.com/otelusage/usageprocessor/examples/shop/internal/wait"
	"github.com/otelusage/usageprocessor/examples/shop/internal/web"
)

const (
	thinkingTime    = 15 * time.Millisecond
	wordTime        = 2 * time.Millisecond
	reasoningTokens = 24
	snapshot        = "-2026-08-01"
	maxCachedTexts  = 1000
)

// Stub answers for one provider. A token is a word, which is wrong for a model and right for an example: the
// numbers can be checked by eye.
type Stub struct {
	provider string
	faults   *fault.Schedule
	served   atomic.Int64

	mu     sync.Mutex
	cached map[string]bool
}

// NewStub takes the schedule of its 429s and 500s.
func NewStub(provider string, faults *fault.Schedule) *Stub {
	return &Stub{provider: provider, faults: faults, cached: make(map[string]bool)}
}

// Handler serves POST /chat.
func (s *Stub) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /chat", web.Adapt(s.chat))
	return mux
}

func (s *Stub) chat(w http.ResponseWriter, r *http.Request) error {
	var req Request
	if err := web.ReadJSON(r, &req); err != nil {
		return err
	}
	if req.Prompt == "" {
		return web.Errorf(http.StatusBadRequest, "empty prompt")
	}
	if code := s.faults.Next(); code != 0 {
		return web.Errorf(code, "try again")
	}
	if err := wait.For(r.Context(), thinkingTime); err != nil {
		return err
	}
	s.stream(w, r, req)
	return nil
}

// stream gives up silently: the status line is out, and who does not take the rest is gone.
func (s *Stub) stream(w http.ResponseWriter, r *http.Request, req Request) {
	id := fmt.Sprintf("%s-%d", s.provider, s.served.Add(1))
	out := json.NewEncoder(w)
	flush := http.NewResponseController(w)
	words := strings.Fields("Certainly. You asked: " + req.Prompt)
	for _, word := range words {
		err := out.Encode(chunk{ID: id, Model: req.Model + snapshot, Text: word + " "})
		if errors.Join(err, flush.Flush(), wait.For(r.Context(), wordTime)) != nil {
			return
		}
	}
	usage := s.usage(req, len(words))
	_ = out.Encode(chunk{ID: id, Model: req.Model + snapshot, Usage: &usage})
}

// usage treats the system prompt as a cacheable prefix: written the first time, read afterwards.
func (s *Stub) usage(req Request, words int) Usage {
	prefix := len(strings.Fields(req.System))
	usage := Usage{
		Input:     prefix + len(strings.Fields(req.Prompt)),
		Output:    words + reasoningTokens,
		Reasoning: reasoningTokens,
	}
	if s.remember(req.System) {
		usage.CacheRead = prefix
	} else {
		usage.CacheWrite = prefix
	}
	return usage
}

// remember tells whether text was cached before.
func (s *Stub) remember(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cached[text] {
		return true
	}
	if len(s.cached) < maxCachedTexts {
		s.cached[text] = true
	}
	return false
}
