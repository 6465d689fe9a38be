package page

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
)

//go:embed assets
var assets embed.FS

// Page writes pages. It is immutable.
type Page struct {
	template *template.Template
	style    template.CSS
	script   template.JS
}

// New parses the templates.
func New() (*Page, error) {
	t, err := template.ParseFS(assets, "assets/*.html")
	if err != nil {
		return nil, fmt.Errorf("read the templates of the page: %w", err)
	}
	style, err := assets.ReadFile("assets/page.css")
	if err != nil {
		return nil, fmt.Errorf("read the style of the page: %w", err)
	}
	script, err := assets.ReadFile("assets/page.js")
	if err != nil {
		return nil, fmt.Errorf("read the script of the page: %w", err)
	}
	return &Page{t, template.CSS(style), template.JS(script)}, nil
}

// Policy is the Content-Security-Policy that pages have to be served with: what they
// bring along and nothing else, no other host, no frame around them.
func (p *Page) Policy() string {
	return "default-src 'none'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
		"style-src " + allowed(string(p.style)) + "; script-src " + allowed(string(p.script))
}

// allowed is the source of everything with this content.
func allowed(content string) string {
	sum := sha256.Sum256([]byte(content))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Render writes a page.
func (p *Page) Render(w io.Writer, d *Data) error {
	return p.template.ExecuteTemplate(w, "page.html", document{d, p.style, p.script})
}

// document is a page with what is the same on all of them.
type document struct {
	*Data
	Style  template.CSS
	Script template.JS
}
