package meter

import "errors"

var (
	// ErrNotKept is what save and load answer while persistence is disabled.
	ErrNotKept = errors.New("usage persistence is disabled")
	// ErrNoState says that there is nothing to load.
	ErrNoState = errors.New("there is no stored usage")
	// ErrInput says that a request makes no sense; the text says why.
	ErrInput = errors.New("invalid input")
)
