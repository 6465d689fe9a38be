package meter

import (
	"math/rand/v2"
	"strconv"
)

// modelServices are those that items come from.
type modelServices struct {
	rng  *rand.Rand
	last int // number given to an item
}

func (g *modelServices) number() int {
	g.last++
	return g.last
}

// modelMixed is how many items there are until another service tells of its calls
// in all signals.
const modelMixed = 100

// session is the ID of a session, empty for what belongs to none.
func (g *modelServices) session() string {
	if g.rng.IntN(3) > 0 {
		return ""
	}
	return "session " + strconv.Itoa(g.rng.IntN(4))
}

// one picks a service: one that sends this signal alone, or one of which many
// signals tell. Those are new ones now and then, for somebody has to be first.
func (g *modelServices) one(alone ...string) (service, name, tenant string) {
	if g.rng.IntN(3) == 0 {
		mixed := max(0, g.last/modelMixed-g.rng.IntN(2))
		return "mixed" + strconv.Itoa(mixed), "a", "x"
	}
	return pick(g.rng, alone...), pick(g.rng, "a", "b", "c"), pick(g.rng, "x", "y")
}
