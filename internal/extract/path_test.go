package extract

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTemplate(t *testing.T) {
	for path, want := range map[string]string{
		"":                  "/",
		"/":                 "/",
		"users":             "/users",
		"/users/":           "/users/",
		"/users/42":         "/users/{id}",
		"/users/42/cart":    "/users/{id}/cart",
		"/v1/users":         "/v1/users",
		"/api/v1beta1/pods": "/api/v1beta1/pods",
		"/oauth2/token":     "/oauth2/token",
		"/orders/123e4567-e89b-12d3-a456-426614174000":        "/orders/{id}",
		"/orders/123E4567E89B12D3A456426614174000/items":      "/orders/{id}/items",
		"/commits/9fceb02d":                                   "/commits/{id}",
		"/customers/cus_9s6XKzkNRiz8i3":                       "/customers/{id}",
		"/days/2026-11-21":                                    "/days/{id}",
		"/mail/ann%40example.com":                             "/mail/{id}",
		"/mail/ann@example.com":                               "/mail/{id}",
		"/files/a-rather-long-name-of-a-document-about-usage": "/files/{id}",
		"/internationalization":                               "/internationalization",
		"/search?q=42":                                        "/search",
		"/page#7":                                             "/page",
		"/café":                                               "/{id}",
		"/deadbeef":                                           "/deadbeef",
		"/orders/42.json":                                     "/orders/{id}.json",
		"/jobs/42:cancel":                                     "/jobs/{id}:cancel",
		"/users/user-123":                                     "/users/{id}",
		"/orders/ORD_1001":                                    "/orders/{id}",
		"/wp-login.php":                                       "/wp-login.php",
		"/covid-19":                                           "/covid-19",
		"/static/app.min.js":                                  "/static/app.min.js",
		"/api/2.0/x":                                          "/api/{id}/x",
	} {
		assert.Equal(t, want, string(appendTemplate(nil, path)), path)
	}
}

func TestNamesWithoutIDs(t *testing.T) {
	for name, want := range map[string]string{
		"":                       "",
		"process orders":         "process orders",
		"handle 42":              "handle {id}",
		"devices/17/temperature": "devices/{id}/temperature",
	} {
		assert.Equal(t, want, string(appendWithoutIDs(nil, name)), name)
	}
}

func TestHosts(t *testing.T) {
	for url, want := range map[string]string{
		"https://api.openai.com/v1/chat":         "api.openai.com",
		"https://user:secret@example.com:8443/x": "example.com",
		"http://[::1]:8080/x":                    "::1",
		"http://host?q=a@b":                      "host",
		"/relative":                              "",
		"":                                       "",
	} {
		assert.Equal(t, want, hostOf(url), url)
	}
	assert.Equal(t, "fe80::1", withoutPort("fe80::1"), "an address is no host with a port")
	assert.Equal(t, "/v1/chat", pathOf("https://api.openai.com/v1/chat"))
	assert.Equal(t, "/", pathOf("https://api.openai.com"))
}

func FuzzTemplate(f *testing.F) {
	f.Add("/users/42?x#y")
	f.Add("https://a@[::1]:3/é%")
	f.Fuzz(func(t *testing.T, s string) {
		once := string(appendTemplate(nil, s))
		assert.Equal(t, byte('/'), once[0])
		hostOf(s)
		pathOf(s)
		withoutPort(s)
		sqlVerb(s)
	})
}
