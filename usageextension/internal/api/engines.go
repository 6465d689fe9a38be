package api

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/otelusage/usageprocessor/internal/meter"
)

// engines are the meters that can be asked, in the order in which they came.
type engines struct {
	mu   sync.Mutex // guards the list and the meters in it
	list []*engine
}

// engine is a meter by name, and the requests that ask it. Those that have left are
// remembered, to be told from those that never were.
type engine struct {
	name  string
	meter *meter.Meter // nil: it has left
	users sync.WaitGroup
}

// register adds a meter. A processor and a connector can have the same ID: then
// the second one has a number behind its name.
func (e *engines) register(id string, m *meter.Meter) (unregister func()) {
	added := &engine{name: id, meter: m}
	e.mu.Lock()
	defer e.mu.Unlock()
	for n := 2; e.at(added.name) != nil && e.at(added.name).meter != nil; n++ {
		added.name = id + "#" + strconv.Itoa(n)
	}
	e.list = slices.DeleteFunc(e.list, func(old *engine) bool { return old.name == added.name })
	e.list = append(e.list, added)
	return func() { e.unregister(added) }
}

// unregister returns when no request uses the meter any more.
func (e *engines) unregister(gone *engine) {
	e.mu.Lock()
	gone.meter = nil
	e.mu.Unlock()
	gone.users.Wait()
}

func (e *engines) at(name string) *engine {
	n := slices.IndexFunc(e.list, func(known *engine) bool { return known.name == name })
	if n < 0 {
		return nil
	}
	return e.list[n]
}

// held is a meter that does not close before it is released.
type held struct {
	*meter.Meter
	*engine
}

func (e *engine) release() { e.users.Done() }

// hold holds the meter with a name or, without one, all of them.
func (e *engines) hold(name string) ([]held, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var list []held
	known := false
	for _, one := range e.list {
		if name != "" && one.name != name {
			continue
		}
		if known = true; one.meter != nil {
			one.users.Add(1)
			list = append(list, held{one.meter, one})
		}
	}
	switch {
	case len(list) > 0:
		return list, nil
	case name != "" && !known:
		return nil, failf(http.StatusNotFound, "processor %q is none of: %s", name, e.names())
	case name != "":
		return nil, failf(http.StatusServiceUnavailable, "processor %q was shut down", name)
	default:
		return nil, failf(http.StatusServiceUnavailable, "no processor is running")
	}
}

// all holds whatever can be asked.
func (e *engines) all() []held {
	list, err := e.hold("")
	if err != nil {
		return nil // there is nothing
	}
	return list
}

// names are those that can be asked; mu is held.
func (e *engines) names() string {
	var names []string
	for _, one := range e.list {
		if one.meter != nil {
			names = append(names, one.name)
		}
	}
	if len(names) == 0 {
		return "(none)"
	}
	return strings.Join(names, ", ")
}

// several is the error of a request that could mean any of some meters.
func several(list []held) error {
	names := make([]string, 0, len(list))
	for _, h := range list {
		names = append(names, h.name)
	}
	return failf(http.StatusBadRequest, "there are several processors: name one as `processor`: %s", strings.Join(names, ", "))
}

// failure is an error with its status.
type failure struct {
	status int
	err    error
	// body is the answer; nil: the error's text.
	body any
}

func (f *failure) Error() string { return f.err.Error() }

func (f *failure) Unwrap() error { return f.err }

func failf(status int, format string, args ...any) error {
	return &failure{status: status, err: fmt.Errorf(format, args...)}
}
