// Loading data for what the URL says, with the last answer kept on the screen until the next one is there; and when.
import { useCallback, useEffect, useRef, useState } from "../vendor.js";
import { get } from "./api.js";

/**
 * {data, error, loading, reload} of GET *path* with *params*. A newer request stops an older one, so that answers
 * never arrive in the wrong order. *path* null: nothing is asked for.
 */
export function useLoad(path, params = {}) {
  const [state, setState] = useState({ data: null, error: null, loading: true });
  const [turn, setTurn] = useState(0);
  const wanted = JSON.stringify([path, params]);
  useEffect(() => {
    if (path === null) return undefined;
    const stop = new AbortController();
    setState((old) => ({ ...old, loading: true }));
    get(path, params, { signal: stop.signal }).then(
      (data) => setState({ data, error: null, loading: false }),
      (error) => { if (error.name !== "AbortError") setState((old) => ({ data: old.data, error, loading: false })); },
    );
    return () => stop.abort();
  }, [wanted, turn]);
  const reload = useCallback(() => setTurn((n) => n + 1), []);
  return { ...state, reload };
}

/** Call *work* each *ms* milliseconds while the calling component is shown; not as long as *ms* is null. */
export function useEvery(ms, work) {
  const latest = useRef(work);
  latest.current = work;
  useEffect(() => {
    if (ms === null) return undefined;
    const timer = setInterval(() => latest.current(), ms);
    return () => clearInterval(timer);
  }, [ms]);
}

/** *value* as it was before the last changes, until *ms* milliseconds have passed without another one. */
export function useSettled(value, ms) {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
