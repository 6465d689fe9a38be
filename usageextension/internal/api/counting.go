package api

import (
	"go.uber.org/zap"
)

// countingKey is what clients of CLIProxyAPI call it.
const countingKey = "usage-statistics-enabled"

// countingOf says whether anything is counted.
func countingOf(c *call, h held) (any, error) {
	if err := c.only(); err != nil {
		return nil, err
	}
	return map[string]bool{countingKey: !h.Paused()}, nil
}

// changeCounting pauses counting or resumes it.
func changeCounting(c *call, h held) (any, error) {
	if err := c.only(); err != nil {
		return nil, err
	}
	body, err := c.object()
	if err != nil {
		return nil, err
	}
	var value *bool
	if take(body, "value", "true or false", &value) != nil || value == nil || len(body) > 0 {
		return nil, errBody
	}
	before := !h.Paused()
	if *value {
		h.Resume()
	} else {
		h.Pause()
	}
	if before != *value {
		c.api.options.Logger.Info("A setting was changed until the process ends", zap.String(processorParameter, h.name),
			zap.String("setting", countingKey), zap.Bool("old", before), zap.Bool("new", *value))
	}
	return done(), nil
}
