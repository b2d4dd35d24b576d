/** The library of charts, by the path at which the web server serves it. */
declare module '*/lib/uplot.js' {
  import uPlot from 'uplot'
  export default uPlot
}
