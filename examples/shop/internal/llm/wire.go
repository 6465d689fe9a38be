package llm

// Request asks for one streamed answer.
type Request struct {
	Model  string `json:"model"`
	System string `json:"system"`
	Prompt string `json:"prompt"`
}

// Usage counts tokens the way the conventions do: input includes both cache parts, output includes reasoning.
type Usage struct {
	Input      int `json:"input"`
	CacheRead  int `json:"cache_read"`
	CacheWrite int `json:"cache_write"`
	Output     int `json:"output"`
	Reasoning  int `json:"reasoning"`
}

// Plus adds up what an agent's calls used.
func (u Usage) Plus(v Usage) Usage {
	return Usage{
		Input:      u.Input + v.Input,
		CacheRead:  u.CacheRead + v.CacheRead,
		CacheWrite: u.CacheWrite + v.CacheWrite,
		Output:     u.Output + v.Output,
		Reasoning:  u.Reasoning + v.Reasoning,
	}
}

// chunk is one line of the stream; Usage comes with the last one.
type chunk struct {
	ID    string `json:"id"`
	Model string `json:"model"`
	Text  string `json:"text"`
	Usage *Usage `json:"usage,omitempty"`
}

// Reply is a whole answer.
type Reply struct {
	ID    string
	Model string
	Text  string
	Usage Usage
}
