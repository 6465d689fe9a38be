package guard

import "net/http"

// checkOrigin refuses what the page of another origin sends: also what only reads, since
// answers take time to make, whether or not the page gets to see them. To follow a link
// to here is the user's doing.
func (g *Guard) checkOrigin(r *http.Request) *Refusal {
	switch r.Method {
	case http.MethodOptions:
		return nil // a browser asks whether it may; it does nothing else
	case http.MethodGet, http.MethodHead:
		if followed(r) {
			return nil
		}
	}
	// Those that only read would pass.
	asked := r.WithContext(r.Context())
	asked.Method = http.MethodPost
	if g.origins.Check(asked) != nil {
		return forbidden("cross-origin requests are accepted from `cors.allowed_origins` only")
	}
	return nil
}

// followed says whether a browser shows the answer as a page of its own. A frame is a part of
// the page that has it.
func followed(r *http.Request) bool {
	into := r.Header.Get("Sec-Fetch-Dest")
	return r.Header.Get("Sec-Fetch-Mode") == "navigate" && (into == "document" || into == "")
}
