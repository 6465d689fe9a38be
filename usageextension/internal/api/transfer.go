package api

import (
	"bytes"
	"net/http"

	"go.uber.org/zap"

	"github.com/otelusage/usageprocessor/internal/query"
	"github.com/otelusage/usageprocessor/internal/usage"
	"github.com/otelusage/usageprocessor/usageextension/internal/reply"
)

// export is everything that was counted, as a document.
func export(c *call, h held) (any, error) {
	if err := c.only(); err != nil {
		return nil, err
	}
	return pack("usage-export.json", reply.TypeJSON, h.Export)
}

// importDocument merges a document of an export.
func importDocument(c *call, h held) (any, error) {
	if err := c.only(); err != nil {
		return nil, err
	}
	m, err := h.Import(bytes.NewReader(c.body))
	if err != nil {
		return nil, err
	}
	c.api.options.Logger.Info("Usage was imported", zap.String(processorParameter, h.name), zap.Int("added", m.Added), zap.Int("skipped", m.Skipped))
	total, failed, err := totals(h.View())
	return map[string]any{"added": m.Added, "skipped": m.Skipped, "total_requests": total, "failed_requests": failed}, err
}

// scopeAll is the scope of everything.
const scopeAll = "all"

// reset removes what was counted in a scope.
func reset(c *call, h held) (any, error) {
	if err := c.only(); err != nil {
		return nil, err
	}
	scope, err := c.resetScope()
	if err != nil {
		return nil, err
	}
	rows, err := h.Reset(scope)
	if err != nil {
		return nil, err
	}
	if rows == 0 && !scope.All() {
		return nil, failf(http.StatusNotFound, "nothing has `%s` %q", scope.Attribute, scope.Value)
	}
	c.api.options.Logger.Info("Usage was reset", zap.String(processorParameter, h.name),
		zap.String("attribute", scope.Attribute), zap.String("value", scope.Value), zap.Int("rows", rows))
	return map[string]any{"status": "ok", "removed": rows}, nil
}

// resetScope is what the body says: an attribute by its short name, or a dimension, which
// no series that is live needs to have.
func (c *call) resetScope() (usage.Scope, error) {
	none := usage.Scope{}
	body, err := c.object()
	if err != nil {
		return none, err
	}
	var name, value *string
	for _, err := range []error{
		take(body, "scope", "text", &name), take(body, "value", "text", &value),
		body.rest("scope and value are accepted"),
	} {
		if err != nil {
			return none, err
		}
	}
	switch {
	case name == nil || *name == "":
		return none, failf(http.StatusBadRequest, "`scope` is missing: %s or the name of an attribute is accepted", scopeAll)
	case *name == scopeAll && value == nil:
		return none, nil
	case *name == scopeAll:
		return none, failf(http.StatusBadRequest, "`scope` %s has no `value`", scopeAll)
	case value == nil || *value == "":
		return none, failf(http.StatusBadRequest, "`value` is missing")
	}
	return usage.Scope{Attribute: query.AttributeName(*name), Value: *value}, nil
}
