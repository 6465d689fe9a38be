package meter

// Pause stops counting until Resume: data passes, and what was counted is kept and
// exported, but what arrives is booked as skipped. Nothing of it is remembered but how
// far cumulative streams have come.
func (m *Meter) Pause() { m.paused.Store(true) }

// Resume goes on counting.
func (m *Meter) Resume() { m.paused.Store(false) }

// Paused says whether counting is paused.
func (m *Meter) Paused() bool { return m.paused.Load() }
