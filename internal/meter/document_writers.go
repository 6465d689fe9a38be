package meter

import (
	"strings"

	"github.com/otelusage/usageprocessor/internal/engine"
	"github.com/otelusage/usageprocessor/internal/usage"
)

// within is what stands between two names where the document of the second writer has
// included the first one's usage. No name of a writer has a space.
const within = " in "

// importedWriters are those whose usage was imported, in their own documents or in those
// of others.
func importedWriters(e *engine.Engine) (writers []string) {
	known := map[string]bool{}
	eachImported(e, func(i *usage.Imported) {
		name, _, _ := strings.Cut(i.Writer, within)
		if !known[name] {
			known[name] = true
			writers = append(writers, name)
		}
	})
	return writers
}

func eachImported(e *engine.Engine, visit func(*usage.Imported)) {
	var list []usage.Imported
	for from, more := 0, true; more; from += len(list) {
		list, more = e.Imported(list[:0], from, rowsPerLook)
		for i := range list {
			visit(&list[i])
		}
	}
}
