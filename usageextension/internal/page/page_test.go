package page

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/otelusage/usageprocessor/internal/meter"
	"github.com/otelusage/usageprocessor/internal/usage"
)

func render(t *testing.T, d *Data) string {
	t.Helper()
	p, err := New()
	require.NoError(t, err)
	var text strings.Builder
	require.NoError(t, p.Render(&text, d))
	return text.String()
}

// nodes are the elements of a page, in their order.
func nodes(t *testing.T, text string) (all []*html.Node) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(text))
	require.NoError(t, err)
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			all = append(all, n)
		}
	}
	return all
}

// attribute is the value of one, and whether the element has it.
func attribute(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// content is the text in an element.
func content(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

// everything is a page on which nothing is missing.
func everything(t *testing.T, s *source) *Data {
	t.Helper()
	m := Meter{ID: "usage", Source: s, Budgets: []meter.Budget{{BudgetOptions: meter.BudgetOptions{Name: "all", Amount: 1}, Used: 2, Exceeded: true}}}
	m.Status.Persistence.Enabled, m.Status.Persistence.LastError = true, "disk full"
	d, err := Collect(Request{Meters: []Meter{m, {ID: "usage/llm", Source: shop()}}, CanSave: true})
	require.NoError(t, err)
	return d
}

// pages are one of each sort.
func pages(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{
		"everything": render(t, everything(t, shop())),
		"nothing":    render(t, collect(t, newSource(someday()), "")),
		"no meter":   render(t, &Data{}),
		"hostile":    render(t, everything(t, hostile())),
	}
}

func TestThePageIsUsableWithAKeyboardAndAScreenReader(t *testing.T) {
	for name, text := range pages(t) {
		t.Run(name, func(t *testing.T) {
			ids, count := map[string]bool{}, map[string]int{}
			all := nodes(t, text)
			for _, n := range all {
				count[n.Data]++
				if id, ok := attribute(n, "id"); ok {
					assert.False(t, ids[id], "the ID %s is there twice", id)
					assert.NotContains(t, id, " ")
					ids[id] = true
				}
			}
			for _, n := range all {
				for _, name := range []string{"aria-labelledby", "aria-describedby", "for"} {
					refers, _ := attribute(n, name)
					for id := range strings.FieldsSeq(refers) {
						assert.True(t, ids[id], "%s of %s refers to %s", name, n.Data, id)
					}
				}
				accessible(t, n, ids)
			}
			assert.Equal(t, []int{1, 1, 1, 1, 1}, []int{count["h1"], count["main"], count["header"], count["footer"], count["title"] - count["figure"] - slotTitles(all)})
		})
	}
}

// slotTitles counts the hints in charts, which are titles as well.
func slotTitles(all []*html.Node) (n int) {
	for _, e := range all {
		if e.Data == "title" && e.Parent.Data == "g" {
			n++
		}
	}
	return n
}

// accessible checks what elements of a sort need.
func accessible(t *testing.T, n *html.Node, ids map[string]bool) {
	t.Helper()
	label, labelled := attribute(n, "aria-label")
	_, described := attribute(n, "aria-labelledby")
	switch n.Data {
	case "nav", "section":
		assert.True(t, labelled && label != "" || described || content(n) != "" && n.Data == "section", "%s has no name", n.Data)
	case "table":
		require.NotNil(t, n.FirstChild.NextSibling)
		assert.Equal(t, "caption", n.FirstChild.NextSibling.Data)
		assert.NotEmpty(t, content(n.FirstChild.NextSibling))
	case "th":
		scope, _ := attribute(n, "scope")
		assert.Contains(t, []string{"row", "col"}, scope)
	case "input":
		id, _ := attribute(n, "id")
		assert.True(t, ids[id])
		off, _ := attribute(n, "autocomplete")
		assert.Equal(t, "off", off, "a token is not to be remembered")
	case "svg":
		hidden, _ := attribute(n, "aria-hidden")
		role, _ := attribute(n, "role")
		inner := n.Parent.Data == "svg"
		assert.True(t, hidden == "true" || inner || role == "img" && described, "a picture has a name, or is none")
	case "a":
		assert.NotEmpty(t, content(n))
	case "button":
		assert.NotEmpty(t, content(n))
	}
	if tab, ok := attribute(n, "tabindex"); ok && n.Data != "main" {
		role, _ := attribute(n, "role")
		assert.Equal(t, "0 region", tab+" "+role, "what can be scrolled can be reached")
	}
}

// Nothing is asked of another host, and nothing runs but the page's own script.
func TestThePageNeedsNobody(t *testing.T) {
	p, err := New()
	require.NoError(t, err)
	for name, text := range pages(t) {
		t.Run(name, func(t *testing.T) {
			styles, scripts := 0, 0
			for _, n := range nodes(t, text) {
				for _, a := range n.Attr {
					assert.False(t, strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" || a.Key == "srcdoc", "%s has %s", n.Data, a.Key)
					if a.Key == "href" || a.Key == "action" {
						own := strings.HasPrefix(a.Val, "?") || strings.HasPrefix(a.Val, "#") || a.Val == "openapi.yaml" ||
							strings.HasPrefix(a.Val, "v0/management/") || n.Data == "link" && strings.HasPrefix(a.Val, "data:image/svg+xml,")
						assert.True(t, own, "%s leads to %s", n.Data, a.Val)
					}
				}
				switch n.Data {
				case "style":
					styles++
					assert.Contains(t, p.Policy(), "style-src "+allowed(n.FirstChild.Data))
				case "script":
					scripts++
					assert.Contains(t, p.Policy(), "script-src "+allowed(n.FirstChild.Data))
				case "iframe", "object", "embed", "img", "base", "meta":
					_, refresh := attribute(n, "http-equiv")
					assert.True(t, n.Data == "meta" && !refresh, n.Data)
				}
			}
			assert.Equal(t, []int{1, 1}, []int{styles, scripts})
			rest := strings.ReplaceAll(text, "http://www.w3.org/2000/svg", "")
			assert.NotContains(t, rest, "http://")
			assert.NotContains(t, rest, "https://")
		})
	}
	assert.NotContains(t, p.Policy(), "unsafe")
}

// nasty are names that telemetry may bring.
func nasty() []string {
	return []string{
		`<b>bold</b>`, `"><script>alert(1)</script>`, `' onmouseover='alert(1)`, `</title><img src=x onerror=alert(1)>`, `</script>`,
		`{{.Meter}}`, `javascript:alert(1)`, `&lt;i&gt;`, `\u003cb\u003e`, "line\nend", "\u202etfel", strings.Repeat("<i>long ", 500), "-->", "]]>",
	}
}

// hostile has nothing but nasty names: of values, dimensions, own meters and units.
func hostile() *source {
	s := newSource(someday())
	for _, name := range nasty() {
		every := func(n int) []string {
			values := make([]string, n)
			for i := range values {
				values[i] = name
			}
			return values
		}
		m := usage.Measures{Requests: [usage.Outcomes]int64{1, 1, 1, 1, 1}, Duration: 5, CostPriced: 5, Unpriced: 1, Tokens: [usage.TokenTypes]int64{1}}
		s.add(s.now, usage.Provider, []string{name}, every(6), m)
		s.add(s.now, usage.Endpoint, []string{name}, every(4), m)
		s.add(s.now, usage.Own, nil, every(2), usage.Measures{Hits: 1})
	}
	return s
}

func TestNamesAreTextAndNothingElse_A_U12(t *testing.T) {
	plain := map[string]bool{}
	for _, n := range nodes(t, pages(t)["everything"]) {
		plain[n.Data] = true
	}
	d := everything(t, hostile())
	d.Health.Error, d.Budgets[0].Name, d.Budgets[0].Match, d.Meter, d.Version, d.Zone = nasty()[0], nasty()[1], nasty()[2], nasty()[3], nasty()[4], nasty()[5]
	text := render(t, d)
	found := map[string]bool{}
	for _, n := range nodes(t, text) {
		assert.True(t, plain[n.Data], "an element %s came out of a name", n.Data)
		for _, a := range n.Attr {
			found[a.Val] = true
		}
		if n.Data != "style" && n.Data != "script" {
			found[content(n)] = true
		}
	}
	for _, name := range nasty()[:maxSeries] {
		assert.True(t, found[name], "%q is on the page as it is", name)
	}
	assert.NotContains(t, text, "<b>")
	assert.NotContains(t, text, "ZgotmplZ", "a template filtered something")
}

// Without a script everything can be read: the form, which needs one, is hidden.
func TestThePageWorksWithoutScript(t *testing.T) {
	for _, n := range nodes(t, pages(t)["everything"]) {
		if id, _ := attribute(n, "id"); id == "save" || id == "pause" {
			_, hidden := attribute(n, "hidden")
			assert.True(t, hidden, id)
		}
	}
}

// Each chart stands there as a table, too.
func TestChartsHaveTheirNumbersInATable(t *testing.T) {
	d := everything(t, shop())
	for _, c := range []chart{d.Usage, d.Requests, d.Errors} {
		require.Len(t, c.Rows, len(c.Slots))
		require.Len(t, c.Head, len(c.Total)+1)
		for n := range c.Total {
			sum := 0.0
			for _, row := range c.Rows {
				require.Len(t, row.Cells, len(c.Total))
				sum += float(t, row.Cells[n].Value)
			}
			assert.InDelta(t, float(t, c.Total[n].Value), sum, 1e-9)
			assert.Equal(t, c.Legend[n].Value, c.Total[n])
		}
		assert.NotEmpty(t, c.Description)
	}
}

func TestAnEmptyPageSaysSo(t *testing.T) {
	all := pages(t)
	assert.Contains(t, all["no meter"], "No usage processor is running")
	assert.Equal(t, 3, strings.Count(all["nothing"], "None in this period."))
	assert.NotContains(t, all["nothing"], "NaN")
	for _, text := range all {
		assert.NotContains(t, text, "NaN")
		assert.NotContains(t, text, "<nil>")
	}
}
