/** The library of charts, at the path where the web server serves it. */
declare module '*/lib/uplot.js' {
  import uPlot from 'uplot'
  export default uPlot
}
