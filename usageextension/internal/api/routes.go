package api

import "net/http"

// prefix is what the paths of all routes begin with, but those that people look at.
const prefix = "/v0/management"

// route is what is answered to a method of a path.
type route struct {
	method, path string
	serve        func(*call) (any, error)
	// limit bounds the body in bytes; 0: the server's own bound is all.
	limit int64
}

// changes says whether the route needs the token.
func (r *route) changes() bool { return r.method != http.MethodGet }

func get(path string, serve func(*call) (any, error)) route {
	return route{method: http.MethodGet, path: path, serve: serve}
}

func post(path string, f ask) route {
	return route{method: http.MethodPost, path: path, serve: one(f), limit: maxBody}
}

// routes are all that there are.
func (a *API) routes() []route {
	list := []route{
		get("/{$}", pageOf),
		get("/openapi.yaml", openAPIOf),

		get(prefix+"/usage", each(usageOf)),
		get(prefix+"/usage/series", rows(seriesOf, formatJSON, formatCSV)),
		get(prefix+"/usage/history", rows(historyOf, formatJSON, formatCSV, formatFOCUS)),
		get(prefix+"/usage/summary", each(summaryOf)),
		get(prefix+"/usage/providers", each(providersOf)),
		get(prefix+"/usage/leaderboard", each(leaderboardOf)),
		get(prefix+"/usage/filter-options", each(filterOptionsOf)),
		get(prefix+"/usage/sessions", each(sessionsOf)),
		get(prefix+"/usage/budgets", each(budgetsOf)),
		get(prefix+"/usage/status", each(statusOf)),
		get(prefix+"/usage/persistence-status", each(persistenceStatusOnly)),
		get(prefix+"/usage-persistence", each(persistenceOf)),
		get(prefix+"/usage-statistics-enabled", each(countingOf)),

		post(prefix+"/usage/save", save),
		post(prefix+"/usage/load", load),
		post(prefix+"/usage/reset", reset),
		post(prefix+"/usage/sessions/{id}/terminate", terminate),
		get(prefix+"/usage/export", document(export)),
		{method: http.MethodPost, path: prefix + "/usage/import", serve: one(importDocument)},
	}
	for _, method := range []string{http.MethodPut, http.MethodPatch} {
		list = append(
			list,
			route{method: method, path: prefix + "/usage-persistence", serve: one(changePersistence), limit: maxBody},
			route{method: method, path: prefix + "/usage-statistics-enabled", serve: one(changeCounting), limit: maxBody},
		)
	}
	return list
}

// openAPIOf is the document that describes the routes.
func openAPIOf(c *call) (any, error) {
	if err := c.only(); err != nil {
		return nil, err
	}
	return text{"application/yaml; charset=utf-8", c.api.options.OpenAPI}, nil
}
