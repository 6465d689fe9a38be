package api

import (
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/otelusage/usageprocessor/internal/meter"
)

// session is an active one.
type session struct {
	Kind     string     `json:"kind"`
	Service  string     `json:"service,omitempty"`
	Endpoint string     `json:"endpoint,omitempty"`
	Provider string     `json:"provider,omitempty"`
	ID       string     `json:"id"`
	First    *time.Time `json:"first_seen"`
	Last     *time.Time `json:"last_seen"`
}

const (
	defaultSessions = 100
	maxSessions     = 10_000
)

// sessionsOf lists active sessions, the oldest first.
func sessionsOf(c *call, h held) (any, error) {
	if err := c.only("limit"); err != nil {
		return nil, err
	}
	limit, err := c.number("limit", defaultSessions, maxSessions)
	if err != nil {
		return nil, err
	}
	active := h.ActiveSessions(limit)
	list := make([]session, 0, len(active))
	for i := range active {
		list = append(list, sessionOf(&active[i]))
	}
	return map[string]any{"active": h.Status().Sessions, "sessions": list}, nil
}

func sessionOf(s *meter.ActiveSession) session {
	return session{
		Kind: s.Kind, Service: s.Service, Endpoint: s.Endpoint, Provider: s.Provider,
		ID: s.ID, First: optional(s.First), Last: optional(s.Last),
	}
}

// terminate ends the active sessions with an ID, of whichever providers and endpoints.
func terminate(c *call, h held) (any, error) {
	if err := c.onlyNothing(); err != nil {
		return nil, err
	}
	ended := h.TerminateSession(c.r.PathValue("id"))
	if ended == 0 {
		return nil, failf(http.StatusNotFound, "no active session has this ID")
	}
	c.api.options.Logger.Info("Sessions were terminated", zap.String(processorParameter, h.name), zap.Int("sessions", ended))
	return map[string]any{"status": "ok", "terminated": ended}, nil
}
