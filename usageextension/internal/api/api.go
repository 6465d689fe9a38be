package api

import (
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/otelusage/usageprocessor/internal/meter"
	"github.com/otelusage/usageprocessor/usageextension/internal/guard"
	"github.com/otelusage/usageprocessor/usageextension/internal/page"
	"github.com/otelusage/usageprocessor/usageextension/internal/reply"
)

// Options are what the API needs.
type Options struct {
	Guard  *guard.Guard
	Logger *zap.Logger
	// OpenAPI is the document that describes the routes.
	OpenAPI []byte
	// WriteTimeout is how long clients may take to read an answer; 0: as long as they
	// like.
	WriteTimeout time.Duration
	// Now is the clock of the server's deadlines.
	Now func() time.Time
}

// API answers requests about meters. It is safe for concurrent use.
type API struct {
	options Options
	engines engines
	page    *page.Page
	mux     *http.ServeMux
	// exporting has one place, taken while a document is made, which takes memory, and
	// before any meter is held: who waits for it keeps none from closing. Documents that
	// are being sent are packed, and not counted.
	exporting chan struct{}
}

// New returns an API without meters.
func New(o Options) (*API, error) {
	shown, err := page.New()
	if err != nil {
		return nil, err
	}
	a := &API{options: o, page: shown, mux: http.NewServeMux(), exporting: make(chan struct{}, 1)}
	paths := map[string]methods{}
	for _, r := range a.routes() {
		if paths[r.path] == nil {
			paths[r.path] = methods{}
			a.mux.HandleFunc(r.path, func(w http.ResponseWriter, req *http.Request) { a.dispatch(w, req, paths[r.path]) })
		}
		paths[r.path][r.method] = r
	}
	a.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { a.dispatch(w, r, nil) })
	return a, nil
}

// Register adds a meter by its name until unregister is called, which returns when no
// request uses the meter any more.
func (a *API) Register(name string, m *meter.Meter) (unregister func()) {
	return a.engines.register(name, m)
}

// ServeHTTP answers a request that the guard's outer part has let through. From a path
// that is not clean the mux would redirect, with a page.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	given := r.URL.EscapedPath()
	if clean := path.Clean(given); given != clean && given != clean+"/" {
		a.dispatch(w, r, nil)
		return
	}
	a.mux.ServeHTTP(w, r)
}

// methods are the routes of one path.
type methods map[string]route

// allow is what the header Allow says of them.
func (m methods) allow() string {
	var names []string
	for name := range m {
		names = append(names, name)
		if name == http.MethodGet {
			names = append(names, http.MethodHead)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// dispatch asks the guard, and then the route. What there is, and by which methods, is
// told to those only who may read.
func (a *API) dispatch(w http.ResponseWriter, r *http.Request, m methods) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	to, known := m[method]
	right := a.options.Guard.Read
	if known && to.changes() {
		right = a.options.Guard.Change
	}
	switch refusal := right(r); {
	case refusal != nil:
		reply.Refusal(w, refusal)
	case m == nil:
		reply.Error(w, http.StatusNotFound, "not found")
	case !known:
		w.Header().Set("Allow", m.allow())
		reply.Error(w, http.StatusMethodNotAllowed, "method not allowed")
	default:
		a.serve(&call{w: w, r: r, api: a}, to)
	}
}
