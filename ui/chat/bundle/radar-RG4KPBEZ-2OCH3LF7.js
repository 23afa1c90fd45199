import{a as r,b as e}from"./chunk-TVUGAFFR.js";import"./chunk-HFT2X76T.js";import"./chunk-OOJM4CTU.js";export{r as RadarModule,e as createRadarServices};
