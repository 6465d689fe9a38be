package extract

import "strings"

// otherMethod is what the conventions call a method that is not well known;
// anything else could be invented by a client, one series each.
const otherMethod = "_OTHER"

// canonicalMethod returns a well-known HTTP method in upper case. An absent
// method stays absent.
func canonicalMethod(method string) string {
	switch method {
	case "", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY":
		return method
	}
	for _, known := range [...]string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"} {
		if strings.EqualFold(method, known) {
			return known
		}
	}
	return otherMethod
}
