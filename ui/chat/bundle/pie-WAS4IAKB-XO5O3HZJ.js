import{a as e,b as r}from"./chunk-VMP2Z3FK.js";import"./chunk-HFT2X76T.js";import"./chunk-OOJM4CTU.js";export{e as PieModule,r as createPieServices};
